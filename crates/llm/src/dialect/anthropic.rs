//! Anthropic's Messages (API reference, "Messages" and "Count tokens").

pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod enrich;
pub(crate) mod error;
pub(crate) mod family;
pub(crate) mod models;
pub(crate) mod passing;
pub(crate) mod paths;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod texts;
pub(crate) mod usage;

use crate::event::Finish;

pub(crate) const fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Error => "end_turn",
        Finish::StopSequence => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Context => "model_context_window_exceeded",
        Finish::Tools => "tool_use",
        Finish::Filter => "refusal",
        Finish::Pause => "pause_turn",
    }
}

pub(crate) fn finish(word: &str) -> Finish {
    match word {
        "stop_sequence" => Finish::StopSequence,
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::Context,
        "tool_use" => Finish::Tools,
        "refusal" => Finish::Filter,
        "pause_turn" => Finish::Pause,
        _ => Finish::Stop,
    }
}
