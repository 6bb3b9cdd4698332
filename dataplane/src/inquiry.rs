//! Asks webhooks and moderation services what is to become of texts. Each question is asked once; what comes of silence, the policy says.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use sluice_guard::ask::{Failure, Question, Stopped, Text, Verdict};
use sluice_guard::{Direction, Hits};
use sluice_llm::json::Segments;
use sluice_vocab::ErrorCode;
use tokio::time::Instant;

use crate::budget::Share;
use crate::client::Outgoing;
use crate::engine::Engine;
use crate::gateway::Shared;
use crate::gather::{GatherError, Limits, gather};
use crate::party::Party;
use crate::record::REQUEST_ID;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::guard::Whose;
use crate::table::Asker;

/// So much of an answer is read, and twice what was asked.
const MAX_ANSWER: usize = 1 << 20;
/// Of the contract in docs/guard-webhook.md.
const VERSION: (&str, HeaderValue) = ("x-sluice-guard-version", HeaderValue::from_static("1"));

/// What is told of the request that it is about.
#[derive(Debug)]
pub(crate) struct About {
    /// Those that any of them gets.
    headers: HeaderMap,
    id: HeaderValue,
    /// The thread that asks.
    worker: usize,
    /// For whom.
    party: Arc<Party>,
}

impl About {
    pub(crate) fn new(askers: &[Asker], whose: Whose<'_>) -> Self {
        let headers = whose.headers;
        let mut wanted = HeaderMap::new();
        for name in askers.iter().flat_map(|asker| &asker.forward) {
            if !wanted.contains_key(name) {
                for value in headers.get_all(name) {
                    wanted.append(name, value.clone());
                }
            }
        }
        Self {
            headers: wanted,
            id: whose.id.clone(),
            worker: whose.worker,
            party: whose.party.clone(),
        }
    }
}

/// Whom to ask about an answer.
#[derive(Debug)]
pub(crate) struct Inquiry {
    pub(crate) askers: Arc<Vec<Asker>>,
    pub(crate) about: About,
}

impl Inquiry {
    /// Whether any of them may change or refuse a text.
    pub(crate) fn enforces(&self) -> bool {
        self.askers.iter().any(|asker| asker.judge.enforces())
    }
}

/// Asks one after the other, each about what the one before it let pass, and does to the texts what they say.
pub(crate) async fn ask(
    shared: &Shared,
    askers: &[Asker],
    about: &About,
    direction: Direction,
    texts: &mut [Text],
    hits: &mut Hits,
) -> Result<(), Rejected> {
    for asker in askers {
        let chosen = asker.judge.chosen(texts);
        if chosen.is_empty() {
            continue;
        }
        let asked: Vec<&Text> = chosen.iter().map(|i| &texts[*i]).collect();
        let said = said(shared, asker, about, direction, &asked).await;
        asker
            .judge
            .judge(texts, &chosen, said, hits)
            .map_err(|stopped| rejection(stopped, direction))?;
    }
    Ok(())
}

async fn said(
    shared: &Shared,
    asker: &Asker,
    about: &About,
    direction: Direction,
    texts: &[&Text],
) -> Result<Verdict, Failure> {
    let label = if direction == Direction::Request {
        "request"
    } else {
        "response"
    };
    for question in asker.judge.engine.questions(direction, texts) {
        let began = Instant::now();
        let answer = tokio::time::timeout(
            asker.timeout,
            exchange(&shared.engine, asker, about, &question),
        )
        .await;
        shared
            .metrics()
            .guard_asked(label, &asker.judge.name, began.elapsed().as_secs_f64());
        let answer = answer.map_err(|_| Failure::Slow)??;
        match asker
            .judge
            .engine
            .verdict(direction, texts, &question, &answer)?
        {
            Verdict::Pass => {}
            other => return Ok(other),
        }
    }
    Ok(Verdict::Pass)
}

async fn exchange(
    engine: &Engine,
    asker: &Asker,
    about: &About,
    question: &Question,
) -> Result<Bytes, Failure> {
    let mut headers = HeaderMap::new();
    for name in &asker.forward {
        for value in about.headers.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(REQUEST_ID, about.id.clone());
    headers.insert(VERSION.0, VERSION.1);
    if let Some(credential) = &asker.credential {
        if engine.credentials_expired() {
            return Err(Failure::Unreachable(
                "its credential is too old to be used".to_owned(),
            ));
        }
        headers.insert(header::AUTHORIZATION, credential.clone());
    }
    let limit = MAX_ANSWER + 2 * question.body.len();
    let mut request = Request::new(Outgoing::Read(Segments::one(question.body.clone().into())));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static(question.path);
    *request.headers_mut() = headers;
    let sent = engine.client.send(&asker.pool, about.worker, request).await;
    let answer = sent.map_err(|error| Failure::Unreachable(error.to_string()))?;
    let status = answer.response.status();
    if !status.is_success() {
        return Err(Failure::Status(status.as_u16()));
    }
    let mut share = Share::new(&engine.budget, &about.party);
    let limits = Limits {
        len: limit,
        pause: None,
    };
    let mut body = answer.response.into_body();
    let gathered = gather(&mut body, limits, &mut share).await;
    let body = gathered.map_err(|error| match error {
        GatherError::TooLong(_) => Failure::TooLong,
        other => Failure::Unreachable(other.to_string()),
    })?;
    answer.lease.give_back();
    Ok(body)
}

/// The caller gets to know that there was nobody to say; who it was is for the log.
fn rejection(stopped: Stopped, direction: Direction) -> Rejected {
    match stopped {
        Stopped::Refused(refusal) => Rejection::by_guard(refusal, direction),
        Stopped::Unavailable { name, why } => {
            let text = "a guard of this route cannot be asked at the moment, so nothing passes: try again later";
            Rejection::new(Stage::Guard, ErrorCode::GuardUnavailable, text)
                .detail(format!("{name}: {why}"))
        }
    }
}
