//! Google's errors (google.rpc.Status).

use std::time::Duration;

use serde_json::{Value, json};
use sluice_vocab::ErrorType;

use crate::error::read::{failure, plain, words};
use crate::error::refusal::Refusal;
use crate::event::Failure;
use crate::json::Fields;

pub(crate) fn value(r: &Refusal<'_>) -> Value {
    json!({ "error": {
        "code": r.status,
        "message": r.message,
        "status": word(r),
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": r.kind.as_str().to_ascii_uppercase(),
            "domain": "sluice.dev",
            "metadata": { "requestId": r.request_id },
        }],
    }})
}

/// How long to wait.
pub(crate) fn delay(value: &mut Value, delay: Duration) {
    if let Some(details) = value["error"]["details"].as_array_mut() {
        let delay = format!("{}s", delay.as_secs_f64());
        let kind = "type.googleapis.com/google.rpc.RetryInfo";
        details.push(json!({ "@type": kind, "retryDelay": delay }));
    }
}

/// Google's canonical codes (google.rpc.Code).
fn word(r: &Refusal<'_>) -> &'static str {
    match (r.kind, r.status) {
        (ErrorType::UnknownModel, _) | (_, 404) => "NOT_FOUND",
        (ErrorType::Auth, 403) => "PERMISSION_DENIED",
        (ErrorType::Auth, _) => "UNAUTHENTICATED",
        (ErrorType::RateLimit, _) => "RESOURCE_EXHAUSTED",
        (ErrorType::Timeout, _) => "DEADLINE_EXCEEDED",
        (ErrorType::InvalidRequest, _) => "INVALID_ARGUMENT",
        (ErrorType::ServerError, 500) => "INTERNAL",
        (ErrorType::ServerError | ErrorType::Network, _) => "UNAVAILABLE",
    }
}

/// Google's `{code, message, status, details}` (google.rpc.Status), where `RetryInfo` says how long to wait.
pub(crate) fn read(error: &str, status: Option<u16>) -> Failure<'_> {
    let Ok(mut f) = Fields::parse(error, "") else {
        return plain(status.unwrap_or(500), error);
    };
    let code: Option<u16> = f.read("code", "").ok().flatten();
    let (message, word) = (
        words(&mut f, "message").unwrap_or_default(),
        words(&mut f, "status"),
    );
    let details = f
        .read::<Vec<Fields<'_>>>("details", "")
        .ok()
        .flatten()
        .unwrap_or_default();
    let retry_after = details.into_iter().find_map(|mut detail| {
        let delay = detail.text("retryDelay", "").ok()??;
        Duration::try_from_secs_f64(delay.trim_end_matches('s').parse().ok()?).ok()
    });
    let status = status.or(code).unwrap_or(500);
    Failure {
        retry_after,
        ..failure(status, message, word)
    }
}
