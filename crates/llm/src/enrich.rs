//! Messages and fields put into a request, by splicing.

mod field;
pub(crate) mod put;

pub use field::field;
pub use put::Message;

use crate::dialect;
use crate::json::{Draft, ScanError};
use crate::{Operation, Wire};

/// Puts messages before and after the caller's, where the format has them.
///
/// Operations without messages are left alone. For completions the texts go before and after the prompt.
pub fn messages(
    draft: &mut Draft,
    (wire, operation): (Wire, Operation),
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    let dialect = dialect::of(wire);
    let is_conversation = match operation {
        Operation::Chat => true,
        Operation::CountTokens => dialect.counts_what_it_is_asked,
        Operation::Embeddings | Operation::Models | Operation::Media => false,
    };
    match dialect.enrich {
        Some(enrich) if is_conversation => enrich(draft, prepend, append),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::json::Object;

    fn edit(body: &str, f: impl FnOnce(&mut Draft)) -> serde_json::Value {
        let mut draft = Draft::new(Object::scan(Bytes::copy_from_slice(body.as_bytes())).unwrap());
        f(&mut draft);
        serde_json::from_slice(&draft.finish().concat()).unwrap()
    }

    const SYSTEM: Message<'static> = Message {
        role: "system",
        content: "French",
    };
    const USER: Message<'static> = Message {
        role: "user",
        content: "Now",
    };

    #[test]
    fn messages_stand_where_each_format_has_them() {
        for (wire, body, want) in [
            (
                Wire::Chat,
                r#"{"messages":[{"role":"user","content":"x"}]}"#,
                r#"{"messages":[{"role":"system","content":"French"},{"role":"user","content":"x"},{"role":"user","content":"Now"}]}"#,
            ),
            (
                Wire::Completions,
                r#"{"prompt":"x"}"#,
                r#"{"prompt":"French\nx\nNow"}"#,
            ),
            (
                Wire::Responses,
                r#"{"input":"x"}"#,
                r#"{"input":[{"role":"system","content":"French"},{"role":"user","content":"x"},{"role":"user","content":"Now"}]}"#,
            ),
            (
                Wire::Messages,
                r#"{"system":"s","messages":[]}"#,
                r#"{"system":"French\ns","messages":[{"role":"user","content":"Now"}]}"#,
            ),
            (
                Wire::Messages,
                r#"{"system":[{"type":"text","text":"s"}],"messages":[]}"#,
                r#"{"system":[{"type":"text","text":"French"},{"type":"text","text":"s"}],"messages":[{"role":"user","content":"Now"}]}"#,
            ),
            (
                Wire::Generate,
                r#"{"contents":[]}"#,
                r#"{"contents":[{"role":"user","parts":[{"text":"Now"}]}],"systemInstruction":{"parts":[{"text":"French"}]}}"#,
            ),
        ] {
            let got = edit(body, |d| {
                messages(d, (wire, Operation::Chat), &[SYSTEM], &[USER]).unwrap()
            });
            assert_eq!(
                got,
                serde_json::from_str::<serde_json::Value>(want).unwrap(),
                "{wire:?} {body}"
            );
        }
    }

    #[test]
    fn markers_of_the_prompt_cache_stay_where_they_are() {
        let marked =
            r#"{"type":"text","text":"long","cache_control":{"type":"ephemeral","ttl":"1h"}}"#;
        let body = format!(
            r#"{{"system":[{marked}],"tools":[{{"name":"t","cache_control":{{"type":"ephemeral"}}}}],"messages":[{{"role":"user","content":[{marked}]}}]}}"#
        );
        let edited = |prepend: &[Message<'_>], append: &[Message<'_>]| {
            let mut draft =
                Draft::new(Object::scan(Bytes::copy_from_slice(body.as_bytes())).unwrap());
            messages(
                &mut draft,
                (Wire::Messages, Operation::Chat),
                prepend,
                append,
            )
            .unwrap();
            String::from_utf8(draft.finish().concat().to_vec()).unwrap()
        };
        for text in [edited(&[SYSTEM, USER], &[]), edited(&[], &[SYSTEM, USER])] {
            assert_eq!(text.matches(marked).count(), 2, "byte for byte: {text}");
            assert!(
                text.contains(r#""tools":[{"name":"t","cache_control":{"type":"ephemeral"}}]"#),
                "{text}"
            );
        }
        // What is added at the end leaves the cached beginning as it was.
        assert!(edited(&[], &[SYSTEM, USER]).starts_with(&format!(r#"{{"system":[{marked},"#)));
    }

    #[test]
    fn a_developer_speaks_where_formats_know_one_and_as_the_system_elsewhere() {
        let developer = Message {
            role: "developer",
            content: "French",
        };
        let body = |wire, text| {
            edit(text, |d| {
                messages(d, (wire, Operation::Chat), &[developer], &[]).unwrap()
            })
        };
        assert_eq!(
            body(Wire::Chat, r#"{"messages":[]}"#)["messages"][0]["role"],
            "developer"
        );
        assert_eq!(
            body(Wire::Messages, r#"{"messages":[]}"#)["system"],
            "French"
        );
        let gemini = body(Wire::Generate, r#"{"contents":[]}"#);
        assert_eq!(gemini["systemInstruction"]["parts"][0]["text"], "French");
    }
}
