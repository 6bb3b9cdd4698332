//! Amazon Bedrock's Converse (API reference, "Converse" and "ConverseStream").

pub(crate) mod answer;
pub(crate) mod encode;
pub(crate) mod family;
pub mod frame;
pub(crate) mod stream;
pub(crate) mod table;

use crate::event::Finish;

pub(crate) fn finish(word: &str) -> Finish {
    match word {
        "stop_sequence" => Finish::StopSequence,
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::Context,
        "tool_use" => Finish::Tools,
        "guardrail_intervened" | "content_filtered" => Finish::Filter,
        "malformed_model_output" | "malformed_tool_use" => Finish::Error,
        _ => Finish::Stop,
    }
}
