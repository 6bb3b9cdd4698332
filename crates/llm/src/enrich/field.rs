//! One field put into a request, in OpenAI's spelling: where the caller's format has it under another name or in another place, it goes
//! there.

use serde_json::{Map, Value};

use crate::json::{Draft, ScanError};
use crate::{Format, Operation};

/// Where a field stands in a format.
enum Place {
    /// At the top, under this name.
    Top(&'static str),
    /// Within an object at the top.
    Within(&'static str, &'static str),
    /// Nowhere.
    None,
}

/// Puts a field in. `over` wins over what the caller said. False where the caller's format has no place for it.
///
/// Names that OpenAI doesn't have are the caller's format's own, and stand at the top.
pub fn field(
    draft: &mut Draft,
    format: Format,
    operation: Operation,
    name: &str,
    json: &str,
    over: bool,
) -> Result<bool, ScanError> {
    let place = match format {
        Format::Gemini => gemini(name),
        Format::Anthropic => anthropic(name),
        _ if operation == Operation::Responses => responses(name),
        _ => None,
    };
    let json = match place {
        // Both formats have lists only.
        Some(Place::Top("stop_sequences") | Place::Within(_, "stopSequences"))
            if json.starts_with('"') =>
        {
            format!("[{json}]")
        }
        _ => json.to_owned(),
    };
    match place {
        Some(Place::None) => return Ok(false),
        Some(Place::Within(outer, inner)) => within(draft, outer, inner, &json, over)?,
        Some(Place::Top(name)) => top(draft, name, json, over)?,
        None => {
            // Two names of one limit: a caller who gave the one has given it.
            let twin = match (operation, name) {
                (Operation::Chat, "max_tokens") => Some("max_completion_tokens"),
                (Operation::Chat, "max_completion_tokens") => Some("max_tokens"),
                _ => None,
            };
            let given =
                twin.filter(|twin| format == Format::OpenAi && draft.has(twin) && !draft.has(name));
            top(draft, given.unwrap_or(name), json, over)?;
        }
    }
    Ok(true)
}

/// Messages (API reference, "Create a Message").
fn anthropic(name: &str) -> Option<Place> {
    Some(match name {
        "stop" => Place::Top("stop_sequences"),
        "max_tokens" | "max_completion_tokens" => Place::Top("max_tokens"),
        "user" => Place::Within("metadata", "user_id"),
        "n"
        | "logprobs"
        | "top_logprobs"
        | "logit_bias"
        | "seed"
        | "presence_penalty"
        | "frequency_penalty"
        | "response_format"
        | "reasoning_effort"
        | "verbosity"
        | "parallel_tool_calls"
        | "store"
        | "modalities"
        | "prompt_cache_key"
        | "safety_identifier" => Place::None,
        _ => return None,
    })
}

/// The Responses API (API reference, "Create a model response").
fn responses(name: &str) -> Option<Place> {
    Some(match name {
        "max_tokens" | "max_completion_tokens" => Place::Top("max_output_tokens"),
        "reasoning_effort" => Place::Within("reasoning", "effort"),
        "verbosity" => Place::Within("text", "verbosity"),
        "n" | "logprobs" | "logit_bias" | "seed" | "presence_penalty" | "frequency_penalty"
        | "stop" | "response_format" | "modalities" => Place::None,
        _ => return None,
    })
}

/// Gemini's parameters stand in `generationConfig`, in camel case (API reference, "GenerationConfig").
fn gemini(name: &str) -> Option<Place> {
    let inner = match name {
        "max_tokens" | "max_completion_tokens" => "maxOutputTokens",
        "temperature" => "temperature",
        "top_p" => "topP",
        "top_k" => "topK",
        "stop" => "stopSequences",
        "seed" => "seed",
        "presence_penalty" => "presencePenalty",
        "frequency_penalty" => "frequencyPenalty",
        "n" => "candidateCount",
        "logprobs" => "responseLogprobs",
        "top_logprobs" => "logprobs",
        "logit_bias"
        | "response_format"
        | "reasoning_effort"
        | "verbosity"
        | "parallel_tool_calls"
        | "store"
        | "user"
        | "modalities"
        | "prompt_cache_key"
        | "safety_identifier"
        | "metadata"
        | "service_tier" => {
            return Some(Place::None);
        }
        _ => return None,
    };
    Some(Place::Within("generationConfig", inner))
}

fn top(draft: &mut Draft, name: &str, json: String, over: bool) -> Result<(), ScanError> {
    if over || !draft.has(name) {
        draft.set(name, json)
    } else {
        Ok(())
    }
}

fn within(
    draft: &mut Draft,
    outer: &str,
    inner: &str,
    value: &str,
    over: bool,
) -> Result<(), ScanError> {
    // Google's clients may write either.
    let other = "generation_config";
    let outer = if outer == "generationConfig" && draft.has(other) {
        other
    } else {
        outer
    };
    let wrong = || ScanError::WrongType {
        field: outer.to_owned(),
        expected: "an object",
    };
    let given = draft
        .pending(outer)?
        .filter(|text| text.as_ref() != b"null");
    let mut object = match given {
        Some(text) => serde_json::from_slice::<Map<_, _>>(&text).map_err(|_| wrong())?,
        None => Map::new(),
    };
    if over || !object.contains_key(inner) {
        object.insert(
            inner.to_owned(),
            serde_json::from_str(value).unwrap_or_default(),
        );
        draft.set(outer, Value::Object(object).to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::json::Object;

    /// The body afterwards; `None` where there is no place.
    fn put(
        body: &str,
        (format, operation): (Format, Operation),
        name: &str,
        value: &str,
        over: bool,
    ) -> Option<Value> {
        let mut draft = Draft::new(Object::scan(Bytes::copy_from_slice(body.as_bytes())).unwrap());
        let placed = field(&mut draft, format, operation, name, value, over).unwrap();
        placed.then(|| serde_json::from_slice(&draft.finish().concat()).unwrap())
    }

    const CHAT: (Format, Operation) = (Format::OpenAi, Operation::Chat);
    const RESPONSES: (Format, Operation) = (Format::OpenAi, Operation::Responses);
    const ANTHROPIC: (Format, Operation) = (Format::Anthropic, Operation::Chat);
    const GEMINI: (Format, Operation) = (Format::Gemini, Operation::Chat);

    #[test]
    fn defaults_yield_and_overrides_win() {
        for (body, format, over, want) in [
            ("{}", CHAT, false, json!({"max_tokens": 50})),
            (r#"{"max_tokens":9}"#, CHAT, false, json!({"max_tokens": 9})),
            (
                r#"{"max_completion_tokens":9}"#,
                CHAT,
                false,
                json!({"max_completion_tokens": 9}),
            ),
            (
                r#"{"max_completion_tokens":9}"#,
                CHAT,
                true,
                json!({"max_completion_tokens": 50}),
            ),
            (
                r#"{"max_output_tokens":9}"#,
                RESPONSES,
                true,
                json!({"max_output_tokens": 50}),
            ),
            (
                r#"{"generationConfig":{"topK":1}}"#,
                GEMINI,
                false,
                json!({"generationConfig": {"topK": 1, "maxOutputTokens": 50}}),
            ),
            (
                r#"{"generation_config":{"maxOutputTokens":1}}"#,
                GEMINI,
                false,
                json!({"generation_config": {"maxOutputTokens": 1}}),
            ),
        ] {
            assert_eq!(
                put(body, format, "max_tokens", "50", over),
                Some(want),
                "{body}"
            );
        }
    }

    #[test]
    fn each_format_has_its_own_place_or_none() {
        for (format, name, value, want) in [
            (
                ANTHROPIC,
                "stop",
                r#""x""#,
                Some(json!({"stop_sequences": ["x"]})),
            ),
            (
                ANTHROPIC,
                "user",
                r#""u""#,
                Some(json!({"metadata": {"user_id": "u"}})),
            ),
            (
                ANTHROPIC,
                "thinking",
                r#"{"type":"disabled"}"#,
                Some(json!({"thinking": {"type": "disabled"}})),
            ),
            (ANTHROPIC, "seed", "1", None),
            (
                RESPONSES,
                "reasoning_effort",
                r#""low""#,
                Some(json!({"reasoning": {"effort": "low"}})),
            ),
            (RESPONSES, "stop", r#""x""#, None),
            (
                GEMINI,
                "stop",
                r#"["x"]"#,
                Some(json!({"generationConfig": {"stopSequences": ["x"]}})),
            ),
            (
                GEMINI,
                "safetySettings",
                "[]",
                Some(json!({"safetySettings": []})),
            ),
            (GEMINI, "response_format", "{}", None),
            (
                CHAT,
                "response_format",
                "{}",
                Some(json!({"response_format": {}})),
            ),
        ] {
            assert_eq!(put("{}", format, name, value, false), want, "{name}");
        }
    }
}
