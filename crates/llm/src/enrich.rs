//! Messages and fields put into a request, by splicing.

mod field;

use serde_json::json;

pub use field::field;

use crate::json::{Draft, ScanError, quote};
use crate::{Format, Operation};

/// A message to put in: `system`, `developer`, `user` or `assistant`, and what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: &'a str,
    /// What is said.
    pub content: &'a str,
}

/// Puts messages before and after the caller's, where the format has them.
///
/// Operations without messages are left alone. For completions the texts go before and after the prompt.
pub fn messages(
    draft: &mut Draft,
    format: Format,
    operation: Operation,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    match (format, operation) {
        (Format::OpenAi, Operation::Chat) => {
            draft.extend("messages", &open_ai(prepend), &open_ai(append))
        }
        (Format::OpenAi, Operation::Completions) => prompt(draft, "prompt", prepend, append),
        (Format::OpenAi, Operation::Responses) => responses(draft, prepend, append),
        (Format::Anthropic, Operation::Chat | Operation::CountTokens) => {
            anthropic(draft, prepend, append)
        }
        (Format::Gemini, Operation::Chat) => gemini(draft, prepend, append),
        _ => Ok(()),
    }
}

fn open_ai(messages: &[Message<'_>]) -> Vec<String> {
    messages
        .iter()
        .map(|m| {
            format!(
                "{{\"role\":{},\"content\":{}}}",
                quote(m.role),
                quote(m.content)
            )
        })
        .collect()
}

fn joined(messages: &[Message<'_>]) -> String {
    messages
        .iter()
        .map(|m| m.content)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Texts around a field that holds a string, or an array of strings.
fn prompt(
    draft: &mut Draft,
    name: &str,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    let Some(given) = draft.original().get(name)? else {
        return Ok(());
    };
    let around = |text: &str| {
        [joined(prepend), text.to_owned(), joined(append)]
            .into_iter()
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let new = match serde_json::from_slice(given) {
        Ok(serde_json::Value::String(text)) => quote(&around(&text)),
        Ok(serde_json::Value::Array(texts)) if texts.iter().all(serde_json::Value::is_string) => {
            json!(
                texts
                    .iter()
                    .filter_map(|t| t.as_str())
                    .map(around)
                    .collect::<Vec<_>>()
            )
            .to_string()
        }
        // Arrays of tokens can't take text.
        _ => {
            return Err(ScanError::WrongType {
                field: name.to_owned(),
                expected: "a string or an array of strings",
            });
        }
    };
    draft.set(name, new)
}

fn responses(
    draft: &mut Draft,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    if let Some(text) = draft
        .original()
        .get("input")?
        .filter(|v| v.first() == Some(&b'"'))
    {
        let user = format!(
            "{{\"role\":\"user\",\"content\":{}}}",
            String::from_utf8_lossy(text)
        );
        let items: Vec<String> = open_ai(prepend)
            .into_iter()
            .chain([user])
            .chain(open_ai(append))
            .collect();
        return draft.set("input", format!("[{}]", items.join(",")));
    }
    draft.extend("input", &open_ai(prepend), &open_ai(append))
}

/// Anthropic keeps instructions apart from the conversation: `system` is a string, or an array of text blocks.
fn anthropic(
    draft: &mut Draft,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    let (before, first) = split_system(prepend);
    let (after, last) = split_system(append);
    let blocks = |all: &[Message<'_>]| -> Vec<String> {
        all.iter()
            .map(|m| json!({ "type": "text", "text": m.content }).to_string())
            .collect()
    };
    if !before.is_empty() || !after.is_empty() {
        match draft.original().get("system")? {
            Some([b'[', ..]) => draft.extend("system", &blocks(&before), &blocks(&after))?,
            Some([b'"', ..]) => prompt(draft, "system", &before, &after)?,
            _ => draft.set("system", quote(&joined(&[before, after].concat())))?,
        }
    }
    draft.extend("messages", &open_ai(&first), &open_ai(&last))
}

/// Gemini's `systemInstruction` is a content with parts; the model's own role is `model`.
fn gemini(
    draft: &mut Draft,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    let (before, first) = split_system(prepend);
    let (after, last) = split_system(append);
    if !before.is_empty() || !after.is_empty() {
        let name = if draft.has("system_instruction") {
            "system_instruction"
        } else {
            "systemInstruction"
        };
        let given: Option<serde_json::Value> = draft
            .original()
            .get(name)?
            .and_then(|v| serde_json::from_slice(v).ok());
        let part = |m: &Message<'_>| json!({ "text": m.content });
        let mut content = given
            .filter(serde_json::Value::is_object)
            .unwrap_or_else(|| json!({}));
        let own = content
            .get("parts")
            .and_then(|p| p.as_array())
            .cloned()
            .unwrap_or_default();
        let parts: Vec<_> = before
            .iter()
            .map(part)
            .chain(own)
            .chain(after.iter().map(part))
            .collect();
        content["parts"] = parts.into();
        draft.set(name, content.to_string())?;
    }
    let contents = |all: &[Message<'_>]| -> Vec<String> {
        let role = |m: &Message<'_>| {
            if m.role == "assistant" {
                "model"
            } else {
                "user"
            }
        };
        all.iter()
            .map(|m| json!({ "role": role(m), "parts": [{ "text": m.content }] }).to_string())
            .collect()
    };
    draft.extend("contents", &contents(&first), &contents(&last))
}

fn split_system<'a>(messages: &[Message<'a>]) -> (Vec<Message<'a>>, Vec<Message<'a>>) {
    messages
        .iter()
        .partition(|m| matches!(m.role, "system" | "developer"))
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
        for (format, operation, body, want) in [
            (
                Format::OpenAi,
                Operation::Chat,
                r#"{"messages":[{"role":"user","content":"x"}]}"#,
                r#"{"messages":[{"role":"system","content":"French"},{"role":"user","content":"x"},{"role":"user","content":"Now"}]}"#,
            ),
            (
                Format::OpenAi,
                Operation::Completions,
                r#"{"prompt":"x"}"#,
                r#"{"prompt":"French\nx\nNow"}"#,
            ),
            (
                Format::OpenAi,
                Operation::Responses,
                r#"{"input":"x"}"#,
                r#"{"input":[{"role":"system","content":"French"},{"role":"user","content":"x"},{"role":"user","content":"Now"}]}"#,
            ),
            (
                Format::Anthropic,
                Operation::Chat,
                r#"{"system":"s","messages":[]}"#,
                r#"{"system":"French\ns","messages":[{"role":"user","content":"Now"}]}"#,
            ),
            (
                Format::Anthropic,
                Operation::Chat,
                r#"{"system":[{"type":"text","text":"s"}],"messages":[]}"#,
                r#"{"system":[{"type":"text","text":"French"},{"type":"text","text":"s"}],"messages":[{"role":"user","content":"Now"}]}"#,
            ),
            (
                Format::Gemini,
                Operation::Chat,
                r#"{"contents":[]}"#,
                r#"{"contents":[{"role":"user","parts":[{"text":"Now"}]}],"systemInstruction":{"parts":[{"text":"French"}]}}"#,
            ),
        ] {
            let got = edit(body, |d| {
                messages(d, format, operation, &[SYSTEM], &[USER]).unwrap()
            });
            assert_eq!(
                got,
                serde_json::from_str::<serde_json::Value>(want).unwrap(),
                "{format} {body}"
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
                Format::Anthropic,
                Operation::Chat,
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
        let body = |format, text| {
            edit(text, |d| {
                messages(d, format, Operation::Chat, &[developer], &[]).unwrap()
            })
        };
        assert_eq!(
            body(Format::OpenAi, r#"{"messages":[]}"#)["messages"][0]["role"],
            "developer"
        );
        assert_eq!(
            body(Format::Anthropic, r#"{"messages":[]}"#)["system"],
            "French"
        );
        let gemini = body(Format::Gemini, r#"{"contents":[]}"#);
        assert_eq!(gemini["systemInstruction"]["parts"][0]["text"], "French");
    }
}
