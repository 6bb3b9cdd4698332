//! What a route adds to a request of Messages.

use serde_json::json;

use crate::enrich::put::{FieldPlace, Message, joined, plain, prompt, split_system};
use crate::json::{Draft, ScanError, quote};

/// Anthropic keeps instructions apart from the conversation: `system` is a string, or an array of text blocks.
pub(crate) fn messages(
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
    draft.extend("messages", &plain(&first), &plain(&last))
}

/// Messages (API reference, "Create a Message").
pub(crate) fn place(name: &str) -> Option<FieldPlace> {
    Some(match name {
        "stop" => FieldPlace::Top("stop_sequences"),
        "max_tokens" | "max_completion_tokens" => FieldPlace::Top("max_tokens"),
        "user" => FieldPlace::Within("metadata", "user_id"),
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
        | "safety_identifier" => FieldPlace::None,
        _ => return None,
    })
}
