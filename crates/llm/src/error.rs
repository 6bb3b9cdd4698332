//! Errors of the gateway in the caller's format.

pub mod failure;

use bytes::Bytes;
use serde_json::json;
use sluice_vocab::ErrorType;

use crate::Format;
use crate::event::Failure;

/// What a caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The word.
    pub kind: ErrorType,
    /// HTTP status.
    pub status: u16,
    /// A sentence for a person.
    pub message: &'a str,
    /// The parameter at fault, as OpenAI's `param`.
    pub param: Option<&'a str>,
    /// A machine-readable cause, as OpenAI's `code`.
    pub code: Option<&'a str>,
    /// The request's id.
    pub request_id: &'a str,
}

/// The body of an error answer.
pub fn body(format: Format, refusal: &Refusal<'_>) -> Bytes {
    value(format, refusal).to_string().into()
}

/// An event that ends a stream which has already begun. Clients of each format raise it as an error.
pub fn event(format: Format, refusal: &Refusal<'_>) -> Bytes {
    let data = value(format, refusal);
    match format {
        Format::OpenAi | Format::Gemini | Format::Bedrock | Format::Cohere => {
            format!("data: {data}\n\n").into()
        }
        Format::Anthropic => format!("event: error\ndata: {data}\n\n").into(),
    }
}

/// What a provider said went wrong, as the body of an error answer in another format. Its message and its word are kept.
pub fn failed(format: Format, failure: &Failure<'_>, request_id: &str) -> Bytes {
    failed_value(format, failure, request_id).to_string().into()
}

/// The same as the event that ends a stream.
pub fn failed_event(format: Format, failure: &Failure<'_>, request_id: &str) -> Bytes {
    let data = failed_value(format, failure, request_id);
    match format {
        Format::OpenAi | Format::Gemini | Format::Bedrock | Format::Cohere => {
            format!("data: {data}\n\n").into()
        }
        Format::Anthropic => format!("event: error\ndata: {data}\n\n").into(),
    }
}

fn failed_value(format: Format, failure: &Failure<'_>, request_id: &str) -> serde_json::Value {
    let refusal = Refusal {
        kind: failure.kind,
        // Anthropic's own status for an overload.
        status: if failure.status == 529 && format != Format::Anthropic {
            503
        } else {
            failure.status
        },
        message: &failure.message,
        param: None,
        code: failure.code.as_deref(),
        request_id,
    };
    let mut value = value(format, &refusal);
    if let (Format::Gemini, Some(delay)) = (format, failure.retry_after)
        && let Some(details) = value["error"]["details"].as_array_mut()
    {
        let delay = format!("{}s", delay.as_secs_f64());
        details.push(
            json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }),
        );
    }
    value
}

fn value(format: Format, r: &Refusal<'_>) -> serde_json::Value {
    match format {
        Format::OpenAi | Format::Bedrock | Format::Cohere => json!({ "error": {
            "message": r.message, "type": r.kind.as_str(), "param": r.param, "code": r.code, "request_id": r.request_id,
        }}),
        Format::Anthropic => json!({
            "type": "error",
            "error": { "type": anthropic_type(r), "message": r.message },
            "request_id": r.request_id,
        }),
        Format::Gemini => json!({ "error": {
            "code": r.status,
            "message": r.message,
            "status": google_status(r),
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": r.kind.as_str().to_ascii_uppercase(),
                "domain": "sluice.dev",
                "metadata": { "requestId": r.request_id },
            }],
        }}),
    }
}

/// Anthropic's words (Messages API reference, "Errors").
fn anthropic_type(r: &Refusal<'_>) -> &'static str {
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

/// Google's canonical codes (google.rpc.Code).
fn google_status(r: &Refusal<'_>) -> &'static str {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_refusal() -> Refusal<'static> {
        Refusal {
            kind: ErrorType::UnknownModel,
            status: 404,
            message: "no model \"x\"",
            param: Some("model"),
            code: None,
            request_id: "req-1-000000",
        }
    }

    #[test]
    fn each_format_has_its_own_shape() {
        let open_ai = r#"{"error":{"code":null,"message":"no model \"x\"","param":"model","request_id":"req-1-000000","type":"unknown_model"}}"#;
        assert_eq!(body(Format::OpenAi, &mk_refusal()), open_ai);
        assert_eq!(
            event(Format::OpenAi, &mk_refusal()),
            format!("data: {open_ai}\n\n")
        );
        assert_eq!(
            body(Format::Anthropic, &mk_refusal()),
            r#"{"error":{"message":"no model \"x\"","type":"not_found_error"},"request_id":"req-1-000000","type":"error"}"#
        );
        let gemini: serde_json::Value =
            serde_json::from_slice(&body(Format::Gemini, &mk_refusal())).unwrap();
        assert_eq!(
            (&gemini["error"]["code"], &gemini["error"]["status"]),
            (&json!(404), &json!("NOT_FOUND"))
        );
    }
}
