//! OpenAI's chat completions (API reference, "Chat Completions"), and what providers of that format make of it.

pub mod adapt;
pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod enrich;
pub(crate) mod passing;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod texts;

use crate::event::Finish;

/// What tells one provider of this format from another, where a request is written for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// Whether the usage of a stream has to be asked for, with `stream_options`.
    pub stream_options: bool,
    /// Whether newer models want `max_completion_tokens`; else it is always `max_tokens`.
    pub completion_tokens: bool,
    /// Whether models are called as their owner likes, so that a name that says nothing may be a newer model's.
    pub own_names: bool,
    /// What `seed` is called.
    pub seed: &'static str,
    /// What it calls a call that has to be made.
    pub any_tool: &'static str,
    /// Whether contents may be lists of texts; else several texts are joined.
    pub text_parts: bool,
    /// Whether it takes back what it thought, as `reasoning_content`. Beside calls it then has to stand.
    pub reasoning_history: bool,
    /// Whether answers may follow a schema; else any JSON is all that can be asked for.
    pub schemas: bool,
    /// Whether it takes pictures.
    pub pictures: bool,
    /// Whether it takes `top_k`.
    pub top_k: bool,
    /// Whether it takes `user` and the parameters in which OpenAI goes beyond the others.
    pub extras: bool,
    /// Whether ids of calls have to be nine letters and digits.
    pub short_ids: bool,
    /// How it is told to think.
    pub thinking: Thinking,
    /// Whether it knows the role `developer`.
    pub developer: bool,
    /// The only fields that it takes; others make it refuse the request.
    pub only: Option<&'static [&'static str]>,
    /// The only fields that its messages may have.
    pub message_only: Option<&'static [&'static str]>,
}

/// How a provider of this format is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// `reasoning_effort`.
    Effort,
    /// `enable_thinking` and `thinking_budget` (Qwen).
    Budget,
    /// `thinking: {type}` (DeepSeek).
    Switch,
    /// Not at all.
    Never,
}

impl Manners {
    /// OpenAI's own.
    pub const OPEN_AI: Manners = Manners {
        stream_options: true,
        completion_tokens: true,
        own_names: false,
        seed: "seed",
        any_tool: "required",
        text_parts: true,
        reasoning_history: false,
        schemas: true,
        pictures: true,
        top_k: false,
        extras: true,
        short_ids: false,
        thinking: Thinking::Effort,
        developer: true,
        only: None,
        message_only: None,
    };

    /// Whether a request in this format has to be looked through.
    pub fn differ(&self) -> bool {
        self.only.is_some()
            || !self.completion_tokens
            || !self.developer
            || !self.schemas
            || self.reasoning_history
    }
}

/// Stands for thoughts that nobody kept: DeepSeek refuses calls without any, and an empty text for them.
pub(crate) const NO_THOUGHT: &str = " ";

/// Parameters that only OpenAI's formats share; chat and Responses call them the same.
pub(crate) const EXTRAS: [&str; 9] = [
    "metadata",
    "store",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
    "verbosity",
    "logit_bias",
];

/// A value that asks for nothing: leaving it out loses nothing.
pub(crate) fn asks_nothing(name: &str, json: &str) -> bool {
    match name {
        "store" | "logprobs" | "background" => json == "false",
        "service_tier" => matches!(json, "\"auto\"" | "\"default\""),
        "metadata" | "logit_bias" => json == "{}",
        "modalities" => json
            .chars()
            .filter(|c| !c.is_whitespace())
            .eq("[\"text\"]".chars()),
        "truncation" => json == "\"disabled\"",
        "include" | "annotations" | "functions" => json == "[]",
        _ => json == "null",
    }
}

pub(crate) const fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Pause => "stop",
        Finish::Length | Finish::Context => "length",
        Finish::Tools => "tool_calls",
        Finish::Filter => "content_filter",
        // No word of OpenAI's: SDKs refuse none, and clients that look see that it is not a clean end.
        Finish::Error => "error",
    }
}

pub(crate) fn finish(word: &str) -> Finish {
    match word {
        "length" => Finish::Length,
        "model_length" => Finish::Context,
        "tool_calls" | "function_call" => Finish::Tools,
        "content_filter" => Finish::Filter,
        // Mistral's and DeepSeek's.
        "error" | "insufficient_system_resource" => Finish::Error,
        _ => Finish::Stop,
    }
}
