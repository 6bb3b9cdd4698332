//! Cohere's chat, version 2 of its API (API reference, "Chat" and "Chat with Streaming"; types of the vendor's own SDK). No client
//! speaks it.

pub(crate) mod answer;
pub(crate) mod encode;
pub(crate) mod family;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod texts;
pub(crate) mod usage;

use crate::event::Finish;

/// Cohere's words (API reference, `ChatFinishReason`).
pub(crate) fn finish(word: &str) -> Finish {
    match word {
        "STOP_SEQUENCE" => Finish::StopSequence,
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::Tools,
        "ERROR" | "TIMEOUT" => Finish::Error,
        _ => Finish::Stop,
    }
}
