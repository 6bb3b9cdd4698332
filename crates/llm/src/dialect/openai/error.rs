//! OpenAI's errors (API guide, "Error codes"), which Bedrock and Cohere come close to.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::error::read::{clip, failure, plain, words};
use crate::error::refusal::Refusal;
use crate::event::Failure;
use crate::json::{Fields, Text};

pub(crate) fn value(r: &Refusal<'_>) -> Value {
    json!({ "error": {
        "message": r.message, "type": r.kind.as_str(), "param": r.param, "code": r.code, "request_id": r.request_id,
    }})
}

/// OpenAI's `{message, type, param, code}` (API guide, "Error codes"). Within a stream the words have to stand for a status.
pub(crate) fn read(error: &str, status: Option<u16>) -> Failure<'_> {
    let Ok(mut f) = Fields::parse(error, "") else {
        let text = serde_json::from_str::<Text<'_>>(error).map_or(Cow::Borrowed(error), |t| t.0);
        return Failure {
            message: clip(text),
            ..plain(status.unwrap_or(500), "")
        };
    };
    let message = words(&mut f, "message")
        .or_else(|| words(&mut f, "Message"))
        .or_else(|| words(&mut f, "detail"))
        .unwrap_or_default();
    let (code, kind) = (words(&mut f, "code"), words(&mut f, "type"));
    let numeric = code
        .as_deref()
        .and_then(|c| c.parse::<u16>().ok())
        .filter(|n| (400..600).contains(n));
    let word = code.clone().filter(|_| numeric.is_none()).or(kind);
    let status = status.or(numeric).unwrap_or(match word.as_deref() {
        Some(
            "rate_limit_exceeded"
            | "rate_limit_error"
            | "insufficient_quota"
            | "tokens"
            | "requests",
        ) => 429,
        Some("invalid_request_error" | "context_length_exceeded" | "content_filter") => 400,
        Some("invalid_api_key" | "authentication_error") => 401,
        _ => 500,
    });
    failure(status, message, word)
}
