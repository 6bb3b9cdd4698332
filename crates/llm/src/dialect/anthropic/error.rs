//! Anthropic's errors (API reference, "Errors").

use serde_json::{Value, json};
use sluice_vocab::ErrorType;

use crate::error::read::{failure, plain, words};
use crate::error::refusal::Refusal;
use crate::event::Failure;
use crate::json::Fields;

pub(crate) fn value(r: &Refusal<'_>) -> Value {
    json!({
        "type": "error",
        "error": { "type": word(r), "message": r.message },
        "request_id": r.request_id,
    })
}

/// Anthropic's words (Messages API reference, "Errors").
fn word(r: &Refusal<'_>) -> &'static str {
    match (r.kind, r.status) {
        (ErrorType::UnknownModel, _) | (_, 404) => "not_found_error",
        (ErrorType::Auth, 403) => "permission_error",
        (ErrorType::Auth, _) => "authentication_error",
        (ErrorType::RateLimit, _) => "rate_limit_error",
        (ErrorType::Timeout, _) => "timeout_error",
        (ErrorType::InvalidRequest, 413) => "request_too_large",
        (ErrorType::InvalidRequest, _) => "invalid_request_error",
        (ErrorType::ServerError, 503 | 529) => "overloaded_error",
        (ErrorType::ServerError | ErrorType::Network, _) => "api_error",
    }
}

/// Anthropic's `{type, message}` (API reference, "Errors").
pub(crate) fn read(error: &str, status: Option<u16>) -> Failure<'_> {
    let Ok(mut f) = Fields::parse(error, "") else {
        return plain(status.unwrap_or(500), error);
    };
    let (message, word) = (
        words(&mut f, "message").unwrap_or_default(),
        words(&mut f, "type"),
    );
    let status = status.unwrap_or(match word.as_deref() {
        Some("invalid_request_error") => 400,
        Some("authentication_error") => 401,
        Some("billing_error") => 402,
        Some("permission_error") => 403,
        Some("not_found_error") => 404,
        Some("request_too_large") => 413,
        Some("rate_limit_error") => 429,
        Some("timeout_error") => 504,
        Some("overloaded_error") => 529,
        _ => 500,
    });
    failure(status, message, word)
}
