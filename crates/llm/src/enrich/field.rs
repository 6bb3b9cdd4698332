//! One field put into a request, in OpenAI's spelling: where the caller's format has it under another name or in another place, it goes
//! there.

use serde_json::{Map, Value};

use super::put::FieldPlace;
use crate::Wire;
use crate::dialect;
use crate::json::{Draft, ScanError};

/// Puts a field in. `over` wins over what the caller said. False where the caller's format has no place for it.
///
/// Names that OpenAI doesn't have are the caller's format's own, and stand at the top.
pub fn field(
    draft: &mut Draft,
    wire: Wire,
    name: &str,
    json: &str,
    over: bool,
) -> Result<bool, ScanError> {
    let dialect = dialect::of(wire);
    let place = (dialect.place)(name);
    let json = match place {
        // Both formats have lists only.
        Some(FieldPlace::Top("stop_sequences") | FieldPlace::Within(_, "stopSequences"))
            if json.starts_with('"') =>
        {
            format!("[{json}]")
        }
        _ => json.to_owned(),
    };
    match place {
        Some(FieldPlace::None) => return Ok(false),
        Some(FieldPlace::Within(outer, inner)) => within(draft, outer, inner, &json, over)?,
        Some(FieldPlace::Top(name)) => top(draft, name, json, over)?,
        None => {
            // Two names of one limit: a caller who gave the one has given it, and who gave both has them both set.
            let twin = (dialect.twin)(name).filter(|twin| draft.has(twin));
            if let Some(twin) = twin {
                top(draft, twin, json.clone(), over)?;
            }
            if twin.is_none() || draft.has(name) {
                top(draft, name, json, over)?;
            }
        }
    }
    Ok(true)
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
    // Google's clients may write either; who writes both has both set.
    let other = "generation_config";
    if outer == "generationConfig" && draft.has(other) {
        let both = draft.has(outer);
        inside(draft, other, inner, value, over)?;
        if !both {
            return Ok(());
        }
    }
    inside(draft, outer, inner, value, over)
}

fn inside(
    draft: &mut Draft,
    outer: &str,
    inner: &str,
    value: &str,
    over: bool,
) -> Result<(), ScanError> {
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
    // Google's reads `max_output_tokens` too.
    let is_given = |key: &String| {
        key.replace('_', "")
            .eq_ignore_ascii_case(&inner.replace('_', ""))
    };
    if over || !object.keys().any(is_given) {
        object.retain(|key, _| !is_given(key));
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
    fn put(body: &str, wire: Wire, name: &str, value: &str, over: bool) -> Option<Value> {
        let mut draft = Draft::new(Object::scan(Bytes::copy_from_slice(body.as_bytes())).unwrap());
        let placed = field(&mut draft, wire, name, value, over).unwrap();
        placed.then(|| serde_json::from_slice(&draft.finish().concat()).unwrap())
    }

    const CHAT: Wire = Wire::Chat;
    const RESPONSES: Wire = Wire::Responses;
    const ANTHROPIC: Wire = Wire::Messages;
    const GEMINI: Wire = Wire::Generate;

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
            (
                r#"{"generationConfig":{"max_output_tokens":1}}"#,
                GEMINI,
                false,
                json!({"generationConfig": {"max_output_tokens": 1}}),
            ),
            (
                r#"{"generationConfig":{"max_output_tokens":1,"maxOutputTokens":2}}"#,
                GEMINI,
                true,
                json!({"generationConfig": {"maxOutputTokens": 50}}),
            ),
            (
                r#"{"generationConfig":{"maxOutputTokens":1},"generation_config":{"max_output_tokens":2}}"#,
                GEMINI,
                true,
                json!({"generationConfig": {"maxOutputTokens": 50}, "generation_config": {"maxOutputTokens": 50}}),
            ),
            (
                r#"{"max_tokens":1,"max_completion_tokens":2}"#,
                CHAT,
                true,
                json!({"max_tokens": 50, "max_completion_tokens": 50}),
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
