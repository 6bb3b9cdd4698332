//! What a route adds to a request of Responses.

use crate::enrich::put::{FieldPlace, Message, plain};
use crate::json::{Draft, ScanError};

pub(crate) fn messages(
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
        let items: Vec<String> = plain(prepend)
            .into_iter()
            .chain([user])
            .chain(plain(append))
            .collect();
        return draft.set("input", format!("[{}]", items.join(",")));
    }
    draft.extend("input", &plain(prepend), &plain(append))
}

/// The Responses API (API reference, "Create a model response").
pub(crate) fn place(name: &str) -> Option<FieldPlace> {
    Some(match name {
        "max_tokens" | "max_completion_tokens" => FieldPlace::Top("max_output_tokens"),
        "reasoning_effort" => FieldPlace::Within("reasoning", "effort"),
        "verbosity" => FieldPlace::Within("text", "verbosity"),
        "n" | "logprobs" | "logit_bias" | "seed" | "presence_penalty" | "frequency_penalty"
        | "stop" | "response_format" | "modalities" => FieldPlace::None,
        _ => return None,
    })
}
