//! Messages and fields put into a request, by splicing.

use serde_json::json;

use crate::json::{Draft, ScanError, quote};
use crate::{Format, Operation};

/// A message to put in: `system`, `user` or `assistant`, and what is said.
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
        (Format::OpenAi, Operation::Chat) => draft.extend("messages", &open_ai(prepend), &open_ai(append)),
        (Format::OpenAi, Operation::Completions) => prompt(draft, "prompt", prepend, append),
        (Format::OpenAi, Operation::Responses) => responses(draft, prepend, append),
        (Format::Anthropic, Operation::Chat | Operation::CountTokens) => anthropic(draft, prepend, append),
        (Format::Gemini, Operation::Chat) => gemini(draft, prepend, append),
        _ => Ok(()),
    }
}

/// Puts a field in, in OpenAI's spelling, where the format has it. `over` wins over what the caller said.
pub fn field(
    draft: &mut Draft,
    format: Format,
    operation: Operation,
    name: &str,
    json: &str,
    over: bool,
) -> Result<(), ScanError> {
    if format == Format::Gemini {
        return gemini_field(draft, name, json, over);
    }
    let name = match (format, name) {
        (Format::Anthropic, "stop") => "stop_sequences",
        (Format::Anthropic, "max_completion_tokens") => "max_tokens",
        (Format::OpenAi, "max_tokens" | "max_completion_tokens") if operation == Operation::Responses => {
            "max_output_tokens"
        }
        _ => name,
    };
    // Two names of one limit: a caller who gave the one has given it.
    let twin = match (format, operation, name) {
        (Format::OpenAi, Operation::Chat, "max_tokens") => Some("max_completion_tokens"),
        (Format::OpenAi, Operation::Chat, "max_completion_tokens") => Some("max_tokens"),
        _ => None,
    };
    let given = if draft.has(name) { Some(name) } else { twin.filter(|twin| draft.has(twin)) };
    match given {
        Some(given) if over => draft.set(given, json.to_owned()),
        Some(_) => Ok(()),
        None => draft.set(name, json.to_owned()),
    }
}

fn open_ai(messages: &[Message<'_>]) -> Vec<String> {
    messages
        .iter()
        .map(|m| format!("{{\"role\":{},\"content\":{}}}", quote(m.role), quote(m.content)))
        .collect()
}

fn joined(messages: &[Message<'_>]) -> String {
    messages.iter().map(|m| m.content).collect::<Vec<_>>().join("\n")
}

/// Texts around a field that holds a string, or an array of strings.
fn prompt(
    draft: &mut Draft,
    name: &str,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    let Some(given) = draft.original().get(name)? else { return Ok(()) };
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
            json!(texts.iter().filter_map(|t| t.as_str()).map(around).collect::<Vec<_>>()).to_string()
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

fn responses(draft: &mut Draft, prepend: &[Message<'_>], append: &[Message<'_>]) -> Result<(), ScanError> {
    if let Some(text) = draft.original().get("input")?.filter(|v| v.first() == Some(&b'"')) {
        let user = format!("{{\"role\":\"user\",\"content\":{}}}", String::from_utf8_lossy(text));
        let items: Vec<String> = open_ai(prepend).into_iter().chain([user]).chain(open_ai(append)).collect();
        return draft.set("input", format!("[{}]", items.join(",")));
    }
    draft.extend("input", &open_ai(prepend), &open_ai(append))
}

/// Anthropic keeps instructions apart from the conversation: `system` is a string, or an array of text blocks.
fn anthropic(draft: &mut Draft, prepend: &[Message<'_>], append: &[Message<'_>]) -> Result<(), ScanError> {
    let (before, first) = split_system(prepend);
    let (after, last) = split_system(append);
    let blocks = |all: &[Message<'_>]| -> Vec<String> {
        all.iter().map(|m| json!({ "type": "text", "text": m.content }).to_string()).collect()
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
fn gemini(draft: &mut Draft, prepend: &[Message<'_>], append: &[Message<'_>]) -> Result<(), ScanError> {
    let (before, first) = split_system(prepend);
    let (after, last) = split_system(append);
    if !before.is_empty() || !after.is_empty() {
        let name = if draft.has("system_instruction") { "system_instruction" } else { "systemInstruction" };
        let given: Option<serde_json::Value> =
            draft.original().get(name)?.and_then(|v| serde_json::from_slice(v).ok());
        let part = |m: &Message<'_>| json!({ "text": m.content });
        let mut content = given.filter(serde_json::Value::is_object).unwrap_or_else(|| json!({}));
        let own = content.get("parts").and_then(|p| p.as_array()).cloned().unwrap_or_default();
        let parts: Vec<_> = before.iter().map(part).chain(own).chain(after.iter().map(part)).collect();
        content["parts"] = parts.into();
        draft.set(name, content.to_string())?;
    }
    let contents = |all: &[Message<'_>]| -> Vec<String> {
        let role = |m: &Message<'_>| if m.role == "assistant" { "model" } else { "user" };
        all.iter().map(|m| json!({ "role": role(m), "parts": [{ "text": m.content }] }).to_string()).collect()
    };
    draft.extend("contents", &contents(&first), &contents(&last))
}

fn split_system<'a>(messages: &[Message<'a>]) -> (Vec<Message<'a>>, Vec<Message<'a>>) {
    messages.iter().partition(|m| m.role == "system")
}

/// Gemini's parameters stand in `generationConfig`, in camel case.
fn gemini_field(draft: &mut Draft, name: &str, value: &str, over: bool) -> Result<(), ScanError> {
    let name = match name {
        "max_tokens" | "max_completion_tokens" => "maxOutputTokens",
        "temperature" => "temperature",
        "top_p" => "topP",
        "top_k" => "topK",
        "stop" => "stopSequences",
        "seed" => "seed",
        "presence_penalty" => "presencePenalty",
        "frequency_penalty" => "frequencyPenalty",
        "n" => "candidateCount",
        _ => return Ok(()),
    };
    let outer = if draft.has("generation_config") { "generation_config" } else { "generationConfig" };
    let wrong = || ScanError::WrongType { field: outer.to_owned(), expected: "an object" };
    let mut config = match draft.pending(outer)? {
        Some(text) => serde_json::from_slice::<serde_json::Map<_, _>>(&text).map_err(|_| wrong())?,
        None => serde_json::Map::new(),
    };
    if over || !config.contains_key(name) {
        config.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_default());
        draft.set(outer, serde_json::Value::Object(config).to_string())?;
    }
    Ok(())
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

    const SYSTEM: Message<'static> = Message { role: "system", content: "French" };
    const USER: Message<'static> = Message { role: "user", content: "Now" };

    #[test]
    fn messages_stand_where_each_format_has_them() {
        for (format, operation, body, want) in [
            (
                Format::OpenAi,
                Operation::Chat,
                r#"{"messages":[{"role":"user","content":"x"}]}"#,
                r#"{"messages":[{"role":"system","content":"French"},{"role":"user","content":"x"},{"role":"user","content":"Now"}]}"#,
            ),
            (Format::OpenAi, Operation::Completions, r#"{"prompt":"x"}"#, r#"{"prompt":"French\nx\nNow"}"#),
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
            let got = edit(body, |d| messages(d, format, operation, &[SYSTEM], &[USER]).unwrap());
            assert_eq!(got, serde_json::from_str::<serde_json::Value>(want).unwrap(), "{format} {body}");
        }
    }

    #[test]
    fn defaults_yield_and_overrides_win() {
        let set = |body: &str, format, over| {
            edit(body, |d| field(d, format, Operation::Chat, "max_tokens", "50", over).unwrap())
        };
        assert_eq!(set("{}", Format::OpenAi, false), json!({"max_tokens": 50}));
        assert_eq!(set(r#"{"max_tokens":9}"#, Format::OpenAi, false), json!({"max_tokens": 9}));
        assert_eq!(
            set(r#"{"max_completion_tokens":9}"#, Format::OpenAi, false),
            json!({"max_completion_tokens": 9})
        );
        assert_eq!(
            set(r#"{"max_completion_tokens":9}"#, Format::OpenAi, true),
            json!({"max_completion_tokens": 50})
        );
        assert_eq!(
            set(r#"{"generationConfig":{"topK":1}}"#, Format::Gemini, false),
            json!({"generationConfig": {"topK": 1, "maxOutputTokens": 50}})
        );
        assert_eq!(
            set(r#"{"generationConfig":{"maxOutputTokens":1}}"#, Format::Gemini, false),
            json!({"generationConfig": {"maxOutputTokens": 1}})
        );
    }
}
