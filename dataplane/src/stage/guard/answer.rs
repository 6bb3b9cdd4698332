//! Answers that come as a whole: read to their end and looked at, before anything is said.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sluice_llm::json::Object;
use sluice_llm::text::{Kind, Masks, Part, TextError};
use sluice_llm::usage::{self, Tally};
use sluice_llm::{Format, Operation, encoding};
use sluice_policy::guard::ask::{Text, texts};
use sluice_policy::guard::{Direction, Guards, Hits, Looking};
use sluice_vocab::ErrorCode;

use super::ask::{About, Inquiry, ask};
use super::{large, response_rejected};
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::relay::{broken, clean, is_event_stream};
use crate::stage::send::{Reply, too_slow};
use crate::table::Plan;

/// What looks at an answer.
#[derive(Clone)]
pub(crate) struct Looks {
    pub(crate) guards: Arc<Guards>,
    /// Who is asked about what the guards let pass.
    pub(crate) inquiry: Option<Arc<Inquiry>>,
}

impl Looks {
    /// Whether any of them may change or refuse a text, so that none may pass before it has been looked at.
    fn enforce(&self) -> bool {
        self.guards.enforce()
            || self
                .inquiry
                .as_ref()
                .is_some_and(|inquiry| inquiry.enforces())
    }
}

/// An answer that guards have looked at, or will.
pub(crate) enum Guarded {
    /// It goes on as it comes; a stream takes its guards with it.
    Relay(Box<Reply>),
    /// It is whole.
    Ready(Response<Bytes>),
}

/// Gives an answer what has to look at it.
pub(crate) fn attend(
    plan: &Plan,
    about: Option<About>,
    mut reply: Reply,
) -> Result<Reply, Rejected> {
    let inquiry = about.map(|about| {
        Arc::new(Inquiry {
            askers: plan.response_askers.clone(),
            about,
        })
    });
    let looks = Looks {
        guards: plan.response_guards.clone(),
        inquiry,
    };
    let wanted = !looks.guards.is_empty() || looks.inquiry.is_some();
    let Some(reading) = reply.reading.as_ref().filter(|_| wanted) else {
        return Ok(reply);
    };
    let headers = reply.response.headers();
    let has_text = match reading.operation {
        Operation::Chat | Operation::Completions | Operation::Responses => true,
        // Sound and pictures have no text, transcripts do.
        Operation::Media => !is_binary(headers),
        Operation::Embeddings | Operation::CountTokens | Operation::Models => false,
    };
    if !has_text {
        return Ok(reply);
    }
    let is_unread = is_coded(headers) || reading.operation == Operation::Media;
    let why = match is_event_stream(headers) {
        true if is_unread => Some("it is a stream of media, or compressed"),
        true if reading.format == Format::Bedrock && reading.crossing.is_none() => {
            Some("it comes in AWS' binary stream")
        }
        _ => None,
    };
    match why {
        Some(why) if looks.enforce() => return Err(unreadable(why)),
        // Who only watches stands in nobody's way.
        Some(_) => {}
        None => reply.looks = Some(looks),
    }
    Ok(reply)
}

/// Looks at an answer that is no stream.
pub(crate) async fn answer(reply: Reply, record: &mut Record) -> Result<Guarded, Rejected> {
    let is_stream = is_event_stream(reply.response.headers());
    // Guards that only watch do so as the answer passes.
    let looks = reply
        .looks
        .as_ref()
        .filter(|looks| looks.guards.enforce() || looks.inquiry.is_some());
    let (Some(looks), Some(reading), false) = (looks, &reply.reading, is_stream) else {
        return Ok(Guarded::Relay(Box::new(reply)));
    };
    let (looks, format, operation) = (looks.clone(), reading.format, reading.operation);
    let limit = record.shared().settings.body_limit;
    let (mut parts, incoming) = reply.response.into_parts();
    let body = tokio::time::timeout_at(reply.deadline, collect(incoming, limit))
        .await
        .map_err(|_| too_slow(reply.timeout))??;
    reply.lease.give_back();
    let body = decoded(body, &mut parts.headers, limit)?;
    tally(&body, format, operation, record);
    let body = looked_at(&looks, body, parts.status, record).await?;
    for name in [header::CONTENT_LENGTH, header::ETAG] {
        parts.headers.remove(name);
    }
    for name in ["content-md5", "digest", "content-digest"] {
        parts.headers.remove(name);
    }
    clean(&mut parts.headers, record, false);
    Ok(Guarded::Ready(Response::from_parts(parts, body)))
}

fn is_coded(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| coding.as_bytes() != b"identity")
}

/// What passes of a whole answer.
pub(crate) async fn looked_at(
    looks: &Looks,
    body: Bytes,
    status: StatusCode,
    record: &mut Record,
) -> Result<Bytes, Rejected> {
    let body = if looks.guards.is_empty() {
        body
    } else if large::is_large(body.len()) {
        let (shared, guards) = (record.shared().clone(), looks.guards.clone());
        let look = move |hits: &mut Hits| mask(&guards, body, status, hits);
        large::apart(&shared, &mut record.hits.response, look).await??
    } else {
        masked(&looks.guards, body, status, record)?
    };
    match &looks.inquiry {
        None => Ok(body),
        Some(inquiry) => inquired(inquiry, body, status, record).await,
    }
}

/// What those who are asked let pass of a whole answer.
async fn inquired(
    inquiry: &Inquiry,
    body: Bytes,
    status: StatusCode,
    record: &mut Record,
) -> Result<Bytes, Rejected> {
    let page = Part {
        kind: Kind::Assistant,
        json: false,
    };
    let (mut found, is_page) = match texts::of_answer(&body) {
        Ok(found) => (found, false),
        // Errors of proxies on the way are pages for people.
        Err(_) if !status.is_success() => (
            vec![Text::whole(page, &String::from_utf8_lossy(&body))],
            true,
        ),
        Err(error) if inquiry.enforces() => return Err(unreadable(&error.to_string())),
        Err(_) => return Ok(body),
    };
    let old = found.clone();
    let shared = record.shared().clone();
    let hits = &mut record.hits.response;
    ask(
        &shared,
        &inquiry.askers,
        &inquiry.about,
        Direction::Response,
        &mut found,
        hits,
    )
    .await?;
    if found == old {
        return Ok(body);
    }
    if is_page {
        return Ok(found.pop().map(|page| page.text).unwrap_or_default().into());
    }
    let new = texts::into_answer(&body, &found).map_err(|error| unreadable(&error.to_string()))?;
    Ok(new.map_or(body, Bytes::from))
}

/// What guards let pass of a whole answer. One that can't be read is refused: nobody knows what it says.
pub(crate) fn masked(
    guards: &Arc<Guards>,
    body: Bytes,
    status: StatusCode,
    record: &mut Record,
) -> Result<Bytes, Rejected> {
    mask(guards, body, status, &mut record.hits.response)
}

fn mask(
    guards: &Guards,
    body: Bytes,
    status: StatusCode,
    hits: &mut Hits,
) -> Result<Bytes, Rejected> {
    let mut looking = Looking { guards, hits };
    if !guards.enforce() {
        let _ = looking.answer(&body);
        return Ok(body);
    }
    match looking.answer(&body) {
        Ok(None) => Ok(body),
        Ok(Some(new)) => Ok(new.into()),
        Err(TextError::Refused(refusal)) => Err(response_rejected(refusal)),
        // Errors of proxies on the way are pages for people.
        Err(TextError::Malformed(_)) if !status.is_success() => {
            let text = String::from_utf8_lossy(&body);
            let part = Part {
                kind: Kind::Assistant,
                json: false,
            };
            Ok(looking
                .whole(part, &text)
                .map_err(response_rejected)?
                .map_or(body.clone(), Bytes::from))
        }
        Err(TextError::Malformed(error)) => Err(unreadable(&error.to_string())),
    }
}

fn is_binary(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|kind| {
            ["audio/", "image/", "video/", "application/octet-stream"]
                .iter()
                .any(|k| kind.starts_with(k))
        })
}

async fn collect(mut incoming: Incoming, limit: usize) -> Result<Bytes, Rejected> {
    let mut all = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(|e| broken(&e))?.into_data() else {
            continue;
        };
        all.extend_from_slice(&data);
        if all.len() > limit {
            let text = format!(
                "the answer is longer than {} MiB, which is too long to be looked at",
                limit >> 20
            );
            return Err(Rejection::new(
                Stage::Guard,
                ErrorCode::UpstreamTooLong,
                text,
            ));
        }
    }
    Ok(all.freeze())
}

/// Some providers compress although they were asked not to.
fn decoded(body: Bytes, headers: &mut HeaderMap, limit: usize) -> Result<Bytes, Rejected> {
    match headers
        .remove(header::CONTENT_ENCODING)
        .filter(|coding| coding.as_bytes() != b"identity")
    {
        None => Ok(body),
        Some(coding) => encoding::decode(coding.as_bytes(), &body, limit, &mut |_| true)
            .map_err(|e| unreadable(&e.to_string())),
    }
}

fn tally(body: &Bytes, format: Format, operation: Operation, record: &mut Record) {
    let mut tally = Tally::default();
    if let Ok(object) = Object::scan(body.clone())
        && let Ok(Some(usage)) = object.get(usage::field(format))
    {
        tally.update(usage);
    }
    record.usage = tally.usage(format);
    if !record.usage.is_known() && operation.streams() {
        record.shared().metrics.usage_missing.inc();
    }
}

fn unreadable(why: &str) -> Rejected {
    let text =
        "the provider's answer can't be read, so that the guards of this route can't look at it";
    Rejection::new(Stage::Guard, ErrorCode::UpstreamMalformed, text).detail(why)
}
