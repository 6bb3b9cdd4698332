//! Mistral: OpenAI's shape, refusing fields that it doesn't know; usage comes in the last chunk unasked.

use super::{CredentialHeader, Provider, Quirks, open_ai_path};
use crate::Format;
use crate::dialect::openai::chat::{Manners, Thinking};
use crate::wire::Wire;

pub(super) static PROVIDER: Provider = Provider {
    name: "mistral",
    aliases: &[],
    otel_name: "mistral_ai",
    format: Format::OpenAi,
    wires: &[Wire::Chat],
    host: "api.mistral.ai",
    prefix: "/v1",
    path: open_ai_path,
    credential: CredentialHeader::Bearer,
    quirks: Quirks {
        chat: Manners {
            stream_options: false,
            completion_tokens: false,
            seed: "random_seed",
            any_tool: "any",
            extras: false,
            short_ids: true,
            thinking: Thinking::Never,
            developer: false,
            only: Some(&FIELDS),
            message_only: Some(&[
                "role",
                "content",
                "name",
                "prefix",
                "tool_calls",
                "tool_call_id",
            ]),
            ..Manners::OPEN_AI
        },
        ..Quirks::NONE
    },
};

/// API reference, "Chat completion": others are refused with 422.
const FIELDS: [&str; 22] = [
    "model",
    "messages",
    "frequency_penalty",
    "guardrails",
    "max_tokens",
    "metadata",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_mode",
    "random_seed",
    "reasoning_effort",
    "response_format",
    "safe_prompt",
    "stop",
    "stream",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
];
