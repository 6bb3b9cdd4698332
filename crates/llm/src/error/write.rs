//! Errors written by a family's rules.

use bytes::Bytes;
use serde_json::Value;

use super::refusal::Refusal;
use crate::dialect::room::Family;
use crate::event::Failure;

/// As the event that ends a stream.
pub(crate) fn as_event(family: &Family, data: &Value) -> Bytes {
    match family.error_event {
        None => format!("data: {data}\n\n").into(),
        Some(name) => format!("event: {name}\ndata: {data}\n\n").into(),
    }
}

/// What a provider said went wrong, as the event that ends a stream.
pub(crate) fn failed_event(family: &Family, failure: &Failure<'_>, request_id: &str) -> Bytes {
    as_event(family, &failed_value(family, failure, request_id))
}

/// What a provider said went wrong. Its message and its word are kept.
pub(crate) fn failed_value(family: &Family, failure: &Failure<'_>, request_id: &str) -> Value {
    let refusal = Refusal {
        kind: failure.kind,
        status: family.own_status(failure.status),
        message: &failure.message,
        param: None,
        code: failure.code.as_deref(),
        request_id,
    };
    let mut value = (family.error)(&refusal);
    if let Some(delay) = failure.retry_after {
        (family.delay)(&mut value, delay);
    }
    value
}
