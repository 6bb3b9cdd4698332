//! What providers say went wrong, read out of their formats.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;
use sluice_vocab::ErrorType;

use crate::Format;
use crate::event::Failure;
use crate::json::{Fields, Text};

/// Longest message that is passed on, in bytes: a page of HTML says no more after that.
const MAX_MESSAGE: usize = 4096;

/// The word for a status.
pub fn kind_of(status: u16) -> ErrorType {
    match status {
        401 | 403 => ErrorType::Auth,
        408 | 504 => ErrorType::Timeout,
        429 => ErrorType::RateLimit,
        400..=499 => ErrorType::InvalidRequest,
        _ => ErrorType::ServerError,
    }
}

/// Reads an error answer of a provider. What is no error of its format becomes one, with the text as far as it can be shown.
pub fn decode(format: Format, status: u16, body: &[u8]) -> Failure<'static> {
    let text = String::from_utf8_lossy(body);
    let Some(object) = first_object(&text) else {
        return plain(status, text.trim());
    };
    let error = Fields::parse(object, "")
        .ok()
        .and_then(|mut f| f.take("error").ok().flatten());
    // Mistral's, and those of some compatible servers, have no outer object.
    let error = error.map_or(object, RawValue::get);
    match format {
        Format::OpenAi => open_ai(error, Some(status)),
        Format::Anthropic => anthropic(error, Some(status)),
        Format::Gemini => google(error, Some(status)),
        // `{message}` alone: Bedrock's word stands in a header, Cohere has none.
        Format::Bedrock | Format::Cohere => open_ai(error, Some(status)),
    }
    .into_owned()
}

/// The first value, where it is an object: Google's streams wrap their errors in a list.
fn first_object(text: &str) -> Option<&str> {
    let text = text.trim().trim_start_matches('[');
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    stream
        .next()?
        .ok()
        .map(RawValue::get)
        .filter(|text| text.starts_with('{'))
}

fn plain(status: u16, text: &str) -> Failure<'static> {
    let message = if text.is_empty() || text.starts_with('<') {
        format!("the provider answered with status {status}")
    } else {
        clip(text.into()).into_owned()
    };
    Failure {
        kind: kind_of(status),
        status,
        message: message.into(),
        code: None,
        retry_after: None,
    }
}

fn clip(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= MAX_MESSAGE {
        return text;
    }
    let end = (0..=MAX_MESSAGE)
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    Cow::Owned(text[..end].to_owned())
}

/// A text, or the JSON text of something else.
fn words<'a>(f: &mut Fields<'a>, name: &str) -> Option<Cow<'a, str>> {
    let raw = f.take(name).ok()??;
    let text = serde_json::from_str::<Text<'a>>(raw.get()).map(|t| t.0);
    Some(text.unwrap_or(Cow::Borrowed(raw.get())))
}

/// OpenAI's `{message, type, param, code}` (API guide, "Error codes"). Within a stream the words have to stand for a status.
pub(crate) fn open_ai(error: &str, status: Option<u16>) -> Failure<'_> {
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

/// Anthropic's `{type, message}` (API reference, "Errors").
pub(crate) fn anthropic(error: &str, status: Option<u16>) -> Failure<'_> {
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

/// Google's `{code, message, status, details}` (google.rpc.Status), where `RetryInfo` says how long to wait.
pub(crate) fn google(error: &str, status: Option<u16>) -> Failure<'_> {
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

fn failure<'a>(status: u16, message: Cow<'a, str>, code: Option<Cow<'a, str>>) -> Failure<'a> {
    let message = if message.is_empty() {
        format!("the provider failed with status {status}").into()
    } else {
        clip(message)
    };
    Failure {
        kind: kind_of(status),
        status,
        message,
        code,
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_s_error_is_understood() {
        for (format, status, body, kind, message, code) in [
            (
                Format::OpenAi,
                429,
                r#"{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
                ErrorType::RateLimit,
                "slow down",
                Some("rate_limit_exceeded"),
            ),
            (
                Format::OpenAi,
                422,
                r#"{"object":"error","message":{"detail":[1]},"type":"invalid_request_error","code":null}"#,
                ErrorType::InvalidRequest,
                r#"{"detail":[1]}"#,
                Some("invalid_request_error"),
            ),
            (
                Format::Anthropic,
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
                ErrorType::ServerError,
                "Overloaded",
                Some("overloaded_error"),
            ),
            (
                Format::Gemini,
                503,
                r#"[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]"#,
                ErrorType::ServerError,
                "busy",
                Some("UNAVAILABLE"),
            ),
            (
                Format::Anthropic,
                502,
                "<html>Bad Gateway</html>",
                ErrorType::ServerError,
                "the provider answered with status 502",
                None,
            ),
            (
                Format::OpenAi,
                500,
                "",
                ErrorType::ServerError,
                "the provider answered with status 500",
                None,
            ),
            (
                Format::OpenAi,
                404,
                "model not found",
                ErrorType::InvalidRequest,
                "model not found",
                None,
            ),
        ] {
            let found = decode(format, status, body.as_bytes());
            assert_eq!(
                (
                    found.kind,
                    &*found.message,
                    found.code.as_deref(),
                    found.status
                ),
                (kind, message, code, status),
                "{body}"
            );
        }
    }

    #[test]
    fn google_says_in_the_body_how_long_to_wait() {
        let body = br#"{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"52.5s"}]}}"#;
        assert_eq!(
            decode(Format::Gemini, 429, body).retry_after,
            Some(Duration::from_millis(52_500))
        );
    }
}
