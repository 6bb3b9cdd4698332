//! What is known of a request when it ends: said once, in metrics and in the log.

mod findings;
mod line;

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Response, StatusCode};
use sluice_guard::{Hit, Hits};
use sluice_llm::Format;
use sluice_llm::usage::Usage;
use sluice_vocab::ErrorType;

use crate::attempt::Attempt;
use crate::budget::Share;
use crate::gateway::Shared;
use crate::party::Party;
use crate::rejection::Rejection;
pub(crate) use findings::{Fault, Findings};
use line::Said;

/// Header that carries the request's id, both ways.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// A request on its way. Ends with [`Record::answer`], [`Record::reject`] or, for an answer that is relayed, when its body
/// does; one that is dropped before was abandoned by its client.
pub(crate) struct Record {
    shared: Arc<Shared>,
    /// With whom it counts together.
    pub(crate) party: Arc<Party>,
    pub(crate) id: HeaderValue,
    started: Instant,
    pub(crate) format: Option<Format>,
    /// The model as the caller named it.
    pub(crate) model: Option<String>,
    pub(crate) route: Option<Arc<str>>,
    pub(crate) caller: Option<Arc<str>>,
    /// The try at a provider, once there is one.
    pub(crate) attempt: Option<Attempt>,
    pub(crate) streaming: bool,
    /// A probe or a scrape, which is neither logged nor counted.
    pub(crate) is_status: bool,
    pub(crate) status: StatusCode,
    fault: Option<Fault>,
    /// Its client went away.
    abandoned: bool,
    /// Rules of guards that found something.
    pub(crate) hits: GuardHits,
    ended: bool,
}

/// Rules of guards that found something, by direction. Never what they found.
#[derive(Debug, Default)]
pub(crate) struct GuardHits {
    pub(crate) request: Hits,
    pub(crate) response: Hits,
}

impl GuardHits {
    fn iter(&self) -> impl Iterator<Item = (&'static str, &Hit)> {
        let request = self.request.iter().map(|hit| ("request", hit));
        request.chain(self.response.iter().map(|hit| ("response", hit)))
    }
}

impl Record {
    pub(crate) fn begin(shared: Arc<Shared>, party: Arc<Party>, id: HeaderValue) -> Self {
        Self {
            shared,
            party,
            id,
            started: Instant::now(),
            format: None,
            model: None,
            route: None,
            caller: None,
            attempt: None,
            streaming: false,
            is_status: false,
            status: StatusCode::OK,
            fault: None,
            abandoned: false,
            hits: GuardHits::default(),
            ended: false,
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Memory that it may come to need.
    pub(crate) fn share(&self) -> Share {
        Share::new(&self.shared.engine.budget, &self.party)
    }

    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or(Format::OpenAi)
    }

    pub(crate) fn id_str(&self) -> &str {
        self.id.to_str().unwrap_or("")
    }

    /// Takes in what was learnt of the answer.
    pub(crate) fn found(&mut self, findings: Findings) {
        let Findings {
            usage,
            hits,
            fault,
            usage_missing,
            truncated,
        } = findings;
        if let (Some(attempt), Some(usage)) = (&mut self.attempt, usage) {
            attempt.usage = usage;
        }
        self.hits.response.extend(&hits);
        self.fault = fault.or(self.fault.take());
        let metrics = self.shared.metrics();
        metrics.usage_missing.inc_by(u64::from(usage_missing));
        metrics.truncated.inc_by(u64::from(truncated));
    }

    /// Ends with an answer made here.
    pub(crate) fn answer(mut self, mut response: Response<bytes::Bytes>) -> Response<bytes::Bytes> {
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
        self.status = response.status();
        self.end();
        response
    }

    /// Ends with a refusal in the caller's format.
    pub(crate) fn reject(mut self, rejection: &Rejection) -> Response<bytes::Bytes> {
        let mut response = rejection.response(self.format(), self.id_str());
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.id.clone());
        if self.format() == Format::Anthropic {
            headers.insert("request-id", self.id.clone());
        }
        self.status = rejection.status;
        self.fault = Some(Fault::ours(rejection.code, rejection.log_text()));
        self.end();
        response
    }

    /// Says it, once.
    pub(crate) fn end(&mut self) {
        if std::mem::replace(&mut self.ended, true) || self.is_status {
            return;
        }
        let elapsed = self.started.elapsed().as_secs_f64();
        // From here on it is no longer in flight.
        let attempt = self.attempt.take();
        let error = self.fault.as_ref().map(|fault| fault.kind);
        let error = error.or_else(|| word(self.status));
        let metrics = self.shared.metrics();
        let (series, usage) = match &attempt {
            Some(attempt) => (attempt.series().clone(), attempt.usage),
            None => {
                let none: Arc<str> = "".into();
                let series = metrics.series(self.format().as_str(), &none, &none);
                (series, Usage::default())
            }
        };
        drop(attempt);
        for (direction, hit) in self.hits.iter() {
            metrics.guard_hit(direction, &hit.rule, hit.outcome);
        }
        metrics.record(&series, self.status.as_u16(), elapsed, error, usage);
        let said = Said {
            series: &series,
            usage,
            millis: elapsed * 1e3,
            error,
        };
        let log = &self.shared.telemetry.log;
        log.line(|out| self.line(out, &said));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.ended {
            self.abandoned = true;
            // As nginx notes a client that closed its connection.
            self.status = StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
            self.end();
        }
    }
}

/// The word for an upstream's own error.
fn word(status: StatusCode) -> Option<ErrorType> {
    match status.as_u16() {
        499 => None,
        401 | 403 => Some(ErrorType::Auth),
        408 | 504 => Some(ErrorType::Timeout),
        429 => Some(ErrorType::RateLimit),
        400..=498 => Some(ErrorType::InvalidRequest),
        500.. => Some(ErrorType::ServerError),
        _ => None,
    }
}
