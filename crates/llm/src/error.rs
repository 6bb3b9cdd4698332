//! Errors of the gateway in the caller's format.

pub mod failure;
pub(crate) mod read;
pub(crate) mod refusal;
pub(crate) mod write;

use bytes::Bytes;

pub use refusal::Refusal;

use crate::Format;
use crate::dialect;
use crate::event::Failure;

/// The body of an error answer.
pub fn body(format: Format, refusal: &Refusal<'_>) -> Bytes {
    (dialect::family(format).error)(refusal).to_string().into()
}

/// What a provider said went wrong, as the body of an error answer in another format. Its message and its word are kept.
pub fn failed(format: Format, failure: &Failure<'_>, request_id: &str) -> Bytes {
    write::failed_value(dialect::family(format), failure, request_id)
        .to_string()
        .into()
}

/// An event that ends a stream which has already begun. Clients of each format raise it as an error.
pub fn event(format: Format, refusal: &Refusal<'_>) -> Bytes {
    let family = dialect::family(format);
    write::as_event(family, &(family.error)(refusal))
}

/// What a provider said went wrong, as the event that ends a stream.
pub fn failed_event(format: Format, failure: &Failure<'_>, request_id: &str) -> Bytes {
    write::failed_event(dialect::family(format), failure, request_id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_vocab::ErrorType;

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
