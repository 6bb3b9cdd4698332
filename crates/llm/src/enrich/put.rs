//! What the rooms put messages and fields in with.

use serde_json::json;

use crate::json::{Draft, ScanError, quote};

/// A message to put in: `system`, `developer`, `user` or `assistant`, and what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: &'a str,
    /// What is said.
    pub content: &'a str,
}

/// Where a field stands in a wire.
pub(crate) enum FieldPlace {
    /// At the top, under this name.
    Top(&'static str),
    /// Within an object at the top.
    Within(&'static str, &'static str),
    /// Nowhere.
    None,
}

/// Messages as OpenAI has them: a role and a text.
pub(crate) fn plain(messages: &[Message<'_>]) -> Vec<String> {
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

/// Their texts, a line each.
pub(crate) fn joined(messages: &[Message<'_>]) -> String {
    messages
        .iter()
        .map(|m| m.content)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Texts around a field that holds a string, or an array of strings.
pub(crate) fn prompt(
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

/// The instructions, and the others.
pub(crate) fn split_system<'a>(messages: &[Message<'a>]) -> (Vec<Message<'a>>, Vec<Message<'a>>) {
    messages
        .iter()
        .partition(|m| matches!(m.role, "system" | "developer"))
}
