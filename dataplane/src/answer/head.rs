//! The head of an answer: which headers of the provider's hold for ours.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use sluice_llm::Format;
use sluice_llm::dropped::Dropped;
use sluice_llm::event::Failure;
use sluice_llm::flow::Hints;

use crate::record::REQUEST_ID;

/// The header that names what could not be carried.
const DROPPED_HEADER: &str = "x-sluice-dropped";

/// What is true of the provider's bytes only.
static OF_BYTES: [HeaderName; 5] = [
    header::CONTENT_LENGTH,
    header::ETAG,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
];

/// What a provider says of its own name.
static OF_NAME: [HeaderName; 2] = [
    header::STRICT_TRANSPORT_SECURITY,
    HeaderName::from_static("alt-svc"),
];

/// Whose answer it is to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours<'i> {
    /// The request's id.
    pub(super) id: &'i HeaderValue,
    /// The caller's format.
    pub(super) format: Option<Format>,
    /// Whether the provider spoke another wire.
    pub(super) crossed: bool,
}

/// Whether a stream of events comes. AWS has its own kind.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kinds = [
        &b"text/event-stream"[..],
        b"application/vnd.amazon.eventstream",
    ];
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| kinds.iter().any(|kind| v.as_bytes().starts_with(kind)))
}

/// Whether it is compressed, although we asked for nothing of the kind.
pub(super) fn is_coded(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| coding.as_bytes() != b"identity")
}

/// Whether it is sound or pictures, which have no text.
pub(super) fn is_binary(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], |v| v.as_bytes());
    [
        b"audio/".as_slice(),
        b"image/",
        b"video/",
        b"application/octet-stream",
    ]
    .iter()
    .any(|binary| kind.starts_with(binary))
}

/// What some providers say in headers only.
pub(super) fn hints(headers: &HeaderMap) -> Hints {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    Hints {
        input: text("x-amzn-bedrock-input-token-count").and_then(|v| v.parse().ok()),
        error: text("x-amzn-errortype").map(str::to_owned),
    }
}

/// What a provider says of its own name does not hold for ours.
pub(super) fn clean(headers: &mut HeaderMap) {
    for name in &OF_NAME {
        headers.remove(name);
    }
}

/// For an answer whose bytes may be others than the provider's.
pub(super) fn unbind(headers: &mut HeaderMap) {
    for name in &OF_BYTES {
        headers.remove(name);
    }
}

/// For a stream that leaves event by event: proxies on the way are not to gather it.
pub(super) fn unbuffer(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_LENGTH);
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
}

/// What was something else has become a stream of events.
pub(super) fn set_event_stream(headers: &mut HeaderMap) {
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
}

/// Our id under the usual name, the upstream's under another; Anthropic's clients look for `request-id`.
/// Where the wires differ, Anthropic's name of its own id would be taken for ours.
pub(super) fn set_ids(headers: &mut HeaderMap, ours: Ours<'_>) {
    let other = if ours.crossed {
        headers
            .remove("request-id")
            .or(headers.get("x-amzn-requestid").cloned())
    } else {
        None
    };
    let theirs = headers.insert(REQUEST_ID, ours.id.clone());
    if let Some(theirs) = theirs.filter(|id| id != ours.id).or(other) {
        headers.insert("x-upstream-request-id", theirs);
    }
    if ours.format == Some(Format::Anthropic) {
        headers
            .entry("request-id")
            .or_insert_with(|| ours.id.clone());
    }
}

/// Says what was dropped of the request.
pub(super) fn mark(headers: &mut HeaderMap, dropped: &Dropped) {
    let value = dropped.header();
    if let Some(value) = value.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(DROPPED_HEADER, value);
    }
}

/// How long to wait, in the one header that every SDK reads: from the header, from Azure's, or from Google's body.
pub(super) fn retry_after(headers: &mut HeaderMap, failure: &Failure<'_>) {
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
