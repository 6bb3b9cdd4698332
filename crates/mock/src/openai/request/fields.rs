//! The fields of a chat request, by whose it is.

use crate::check::{ARR, BOOL, Field, INT, NUM, OBJ, STR, may, must};

pub(super) const CHAT: &[Field] = &[
    must("model", STR),
    must("messages", ARR),
    may("audio", OBJ),
    may("frequency_penalty", NUM),
    may("function_call", STR | OBJ),
    may("functions", ARR),
    may("logit_bias", OBJ),
    may("logprobs", BOOL),
    may("max_completion_tokens", INT),
    may("max_tokens", INT),
    may("metadata", OBJ),
    may("modalities", ARR),
    may("moderation", OBJ),
    may("n", INT),
    may("parallel_tool_calls", BOOL),
    may("prediction", OBJ),
    may("presence_penalty", NUM),
    may("prompt_cache_key", STR),
    may("prompt_cache_options", OBJ),
    may("prompt_cache_retention", STR),
    may("reasoning_effort", STR),
    may("response_format", OBJ),
    may("safety_identifier", STR),
    may("seed", INT),
    may("service_tier", STR),
    may("stop", STR | ARR),
    may("store", BOOL),
    may("stream", BOOL),
    may("stream_options", OBJ),
    may("temperature", NUM),
    may("tool_choice", STR | OBJ),
    may("tools", ARR),
    may("top_logprobs", INT),
    may("top_p", NUM),
    may("user", STR),
    may("verbosity", STR),
    may("web_search_options", OBJ),
];

/// Beside OpenAI's.
pub(super) const DEEPSEEK: &[Field] = &[may("thinking", OBJ)];
/// Beside OpenAI's.
pub(super) const QWEN: &[Field] = &[
    may("enable_thinking", BOOL),
    may("thinking_budget", INT),
    may("top_k", INT),
    may("enable_search", BOOL),
    may("search_options", OBJ),
];

pub(super) const MISTRAL: &[Field] = &[
    must("model", STR),
    must("messages", ARR),
    may("frequency_penalty", NUM),
    may("guardrails", ARR),
    may("max_tokens", INT),
    may("metadata", OBJ),
    may("n", INT),
    may("parallel_tool_calls", BOOL),
    may("prediction", OBJ),
    may("presence_penalty", NUM),
    may("prompt_cache_key", STR),
    may("prompt_mode", STR),
    may("random_seed", INT),
    may("reasoning_effort", STR),
    may("response_format", OBJ),
    may("safe_prompt", BOOL),
    may("stop", STR | ARR),
    may("stream", BOOL),
    may("temperature", NUM),
    may("tool_choice", STR | OBJ),
    may("tools", ARR),
    may("top_p", NUM),
];

pub(super) const MESSAGE: &[Field] = &[
    must("role", STR),
    may("content", STR | ARR),
    may("name", STR),
    may("refusal", STR),
    may("audio", OBJ),
    may("annotations", ARR),
    may("tool_calls", ARR),
    may("tool_call_id", STR),
    may("function_call", OBJ),
];

pub(super) const MISTRAL_MESSAGE: &[Field] = &[
    must("role", STR),
    may("content", STR | ARR),
    may("name", STR),
    may("prefix", BOOL),
    may("tool_calls", ARR),
    may("tool_call_id", STR),
];

pub(super) const TOOL_CALL: &[Field] = &[
    must("id", STR),
    may("type", STR),
    must("function", OBJ),
    may("index", INT),
];
pub(super) const CALLED: &[Field] = &[must("name", STR), must("arguments", STR)];
pub(super) const TOOL: &[Field] = &[must("type", STR), may("function", OBJ), may("custom", OBJ)];
pub(super) const FUNCTION: &[Field] = &[
    must("name", STR),
    may("description", STR),
    may("parameters", OBJ),
    may("strict", BOOL),
];
pub(super) const STREAM_OPTIONS: &[Field] =
    &[may("include_usage", BOOL), may("include_obfuscation", BOOL)];
