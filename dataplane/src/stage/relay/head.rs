//! The head of an answer: which headers of the provider's hold for ours.

use http::header;
use sluice_llm::Format;

use crate::record::{REQUEST_ID, Record};

pub(crate) fn is_event_stream(headers: &http::HeaderMap) -> bool {
    // AWS has its own kind.
    let kinds = [
        &b"text/event-stream"[..],
        b"application/vnd.amazon.eventstream",
    ];
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| kinds.iter().any(|kind| v.as_bytes().starts_with(kind)))
}

/// What a provider says of its own name does not hold for ours.
pub(crate) fn clean(headers: &mut http::HeaderMap, record: &Record, crossed: bool) {
    headers.remove(header::STRICT_TRANSPORT_SECURITY);
    headers.remove("alt-svc");
    set_ids(headers, record, crossed);
}

/// Our id under the usual name, the upstream's under another; Anthropic's clients look for `request-id`.
/// Where the formats differ, Anthropic's name of its own id would be taken for ours.
pub(crate) fn set_ids(headers: &mut http::HeaderMap, record: &Record, crossed: bool) {
    let other = if crossed {
        headers
            .remove("request-id")
            .or(headers.get("x-amzn-requestid").cloned())
    } else {
        None
    };
    if let Some(theirs) = headers
        .insert(REQUEST_ID, record.id.clone())
        .filter(|id| *id != record.id)
        .or(other)
    {
        headers.insert("x-upstream-request-id", theirs);
    }
    if record.format == Some(Format::Anthropic) {
        headers
            .entry("request-id")
            .or_insert_with(|| record.id.clone());
    }
}
