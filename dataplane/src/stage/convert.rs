//! Answers that come in another wire than their caller's. Streams are translated as they pass; what is no stream is read whole before
//! anything is said, so that an answer that can't be understood is an error and never half an answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sluice_llm::error::{self, failure};
use sluice_llm::event::Failure;
use sluice_llm::{Format, Operation, embeddings, encoding, translate};
use sluice_vocab::ErrorCode;

use super::cross::{Crossing, mark};
use super::guard;
use super::relay::{broken, is_event_stream, set_ids};
use super::send::{Reading, Reply, too_slow};
use crate::record::{Fault, Record};
use crate::rejection::{Rejected, Rejection, Stage};

/// Longest answer that is read whole. Embedded pictures and sound are what makes one long.
const MAX_ANSWER: usize = 64 << 20;

/// What an answer came to.
pub(crate) enum Converted {
    /// It goes on as it comes.
    Relay(Box<Reply>),
    /// It is whole, and in the caller's format.
    Ready(Response<Bytes>),
}

pub(crate) async fn convert(mut reply: Reply, record: &mut Record) -> Result<Converted, Rejected> {
    if let Some(Reading { dropped, .. }) = reply.reading.as_ref().filter(|r| !r.dropped.is_empty())
    {
        mark(dropped, reply.response.headers_mut());
        record.note_dropped(dropped.paths().count());
    }
    let Some(Reading {
        format,
        crossing: Some(_),
        ..
    }) = &reply.reading
    else {
        return Ok(Converted::Relay(Box::new(reply)));
    };
    let format = *format;
    let is_plain = !reply
        .response
        .headers()
        .contains_key(header::CONTENT_ENCODING);
    if reply.response.status().is_success() && is_event_stream(reply.response.headers()) && is_plain
    {
        return Ok(Converted::Relay(Box::new(reply)));
    }
    let Some(Reading {
        crossing: Some(crossing),
        ..
    }) = reply.reading.take()
    else {
        return Err(Rejection::new(
            Stage::Relay,
            ErrorCode::InternalError,
            "the answer has no reading",
        ));
    };
    let (mut parts, incoming) = reply.response.into_parts();
    let body = tokio::time::timeout_at(reply.deadline, collect(incoming))
        .await
        .map_err(|_| too_slow(reply.timeout))??;
    reply.lease.give_back();
    let body = decoded(body, &mut parts.headers)?;
    // In the provider's format, so that errors are looked at too.
    let body = match &reply.looks {
        Some(looks) => guard::looked_at(looks, body, parts.status, record).await?,
        None => body,
    };
    clean(&mut parts.headers);
    let body = if parts.status.is_success() {
        // Bedrock counts in a header what its models of other vendors don't count themselves.
        let counted = parts.headers.get("x-amzn-bedrock-input-token-count");
        let counted = counted.and_then(|v| v.to_str().ok()?.parse().ok());
        whole(&body, (format, counted), &crossing, record)
    } else {
        let mut failure = failure::decode(format, parts.status.as_u16(), &body);
        // AWS says its word in a header.
        if let Some(kind) = parts
            .headers
            .get("x-amzn-errortype")
            .and_then(|v| v.to_str().ok())
        {
            failure.code = Some(kind.split(':').next().unwrap_or(kind).to_owned().into());
        }
        Err(Whole::Failed(Box::new(failure)))
    };
    let body = match body {
        Ok(body) => body,
        Err(Whole::Unreadable(why)) => return Err(unreadable(why)),
        Err(Whole::Failed(failure)) => {
            parts.status = status(&failure, record.format());
            record.error = Some(Fault::of_provider(
                failure.kind,
                format!("the provider answered with an error: {}", failure.message),
            ));
            retry_after(&mut parts.headers, &failure);
            error::failed(record.format(), &failure, record.id_str())
        }
    };
    set_ids(&mut parts.headers, record, true);
    Ok(Converted::Ready(Response::from_parts(parts, body)))
}

/// Why there is no answer.
enum Whole {
    Unreadable(String),
    Failed(Box<Failure<'static>>),
}

/// Translates a whole answer.
fn whole(
    body: &[u8],
    (format, counted): (Format, Option<u64>),
    crossing: &Crossing,
    record: &mut Record,
) -> Result<Bytes, Whole> {
    let text = std::str::from_utf8(body).map_err(|e| Whole::Unreadable(e.to_string()))?;
    let answer = if let Some(asked) = &crossing.embeddings {
        embeddings::answer(text, asked, counted, &crossing.context)
            .map_err(|e| e.to_string())
            .map(|(body, used)| {
                record.usage = used;
                body
            })
    } else if crossing.operation == Operation::CountTokens {
        translate::count(format, crossing.client.format(), text).map_err(|e| e.to_string())
    } else if crossing.stream {
        Err("it was asked for a stream, and sent none".to_owned())
    } else {
        translate::decode(crossing.provider, text, &crossing.context)
            .map_err(|e| e.to_string())
            .map(|answer| {
                record.usage = answer.usage;
                if !answer.usage.is_known() {
                    record.shared().metrics.usage_missing.inc();
                }
                translate::encode(crossing.client, &answer, &crossing.context)
            })
    };
    answer
        .map(Bytes::from)
        .map_err(|why| match error_within(text) {
            // Some servers report errors with status 200.
            true => Whole::Failed(Box::new(failure::decode(format, 502, body))),
            false => Whole::Unreadable(why),
        })
}

fn error_within(text: &str) -> bool {
    sluice_llm::json::Fields::parse(text, "").is_ok_and(|fields| fields.has("error"))
}

async fn collect(mut incoming: Incoming) -> Result<Bytes, Rejected> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(|e| broken(&e))?.into_data() else {
            continue;
        };
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&data);
        if all.len() > MAX_ANSWER {
            let text =
                "the provider's answer is longer than 64 MiB, which is too long to be translated";
            return Err(Rejection::new(
                Stage::Relay,
                ErrorCode::UpstreamTooLong,
                text,
            ));
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Some providers compress although they were asked not to.
fn decoded(body: Bytes, headers: &mut HeaderMap) -> Result<Bytes, Rejected> {
    match headers
        .remove(header::CONTENT_ENCODING)
        .filter(|coding| coding.as_bytes() != b"identity")
    {
        None => Ok(body),
        Some(coding) => encoding::decode(coding.as_bytes(), &body, MAX_ANSWER, &mut |_| true)
            .map_err(|e| unreadable(e.to_string())),
    }
}

/// What was true of the provider's bytes.
fn clean(headers: &mut HeaderMap) {
    for name in [
        header::CONTENT_LENGTH,
        header::ETAG,
        header::STRICT_TRANSPORT_SECURITY,
    ] {
        headers.remove(name);
    }
    for name in ["alt-svc", "content-md5", "digest"] {
        headers.remove(name);
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
}

/// 529 is Anthropic's own: to others it is an overload like any other.
fn status(failure: &Failure<'_>, format: Format) -> StatusCode {
    match failure.status {
        529 if format != Format::Anthropic => StatusCode::SERVICE_UNAVAILABLE,
        status => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
    }
}

/// How long to wait, in the one header that every SDK reads: from the header, from Azure's, or from Google's body.
fn retry_after(headers: &mut HeaderMap, failure: &Failure<'_>) {
    let millis = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    let millis = ["retry-after-ms", "x-ms-retry-after-ms"]
        .into_iter()
        .find_map(millis);
    let wait = failure.retry_after.or(millis.map(Duration::from_millis));
    if let Some(wait) = wait.filter(|_| !headers.contains_key(header::RETRY_AFTER)) {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, seconds.max(1).into());
    }
}

fn unreadable(why: String) -> Rejected {
    let text = "the provider's answer is not of its format, so it can't be translated";
    Rejection::new(Stage::Relay, ErrorCode::UpstreamMalformed, text).detail(why)
}
