//! What providers say went wrong, read out of their formats.

use serde_json::value::RawValue;

pub use super::read::kind_of;
use super::read::plain;
use crate::Format;
use crate::dialect;
use crate::event::Failure;
use crate::json::Fields;

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
    (dialect::family(format).failure)(error, Some(status)).into_owned()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sluice_vocab::ErrorType;

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
