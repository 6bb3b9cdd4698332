//! What a route adds to a request of generateContent.

use serde_json::json;

use crate::enrich::put::{FieldPlace, Message, split_system};
use crate::json::{Draft, ScanError};

/// Gemini's `systemInstruction` is a content with parts; the model's own role is `model`.
pub(crate) fn messages(
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

/// Gemini's parameters stand in `generationConfig`, in camel case (API reference, "GenerationConfig").
pub(crate) fn place(name: &str) -> Option<FieldPlace> {
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
            return Some(FieldPlace::None);
        }
        _ => return None,
    };
    Some(FieldPlace::Within("generationConfig", inner))
}
