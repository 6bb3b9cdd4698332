//! Cohere's chat, version 2 of its API (API reference, "Chat" and "Chat with Streaming"; types of the vendor's own SDK). No client
//! speaks it.

pub(crate) mod answer;
pub(crate) mod encode;
pub(crate) mod stream;
pub(crate) mod texts;
pub(crate) mod usage;

use crate::Format;
use crate::dialect::openai::{self, chat};
use crate::dialect::room::{Dialect, Family, no_client, no_delay, no_path, no_twin, own_place};
use crate::event::Finish;
use crate::flow::passed::UNSPOKEN;

/// Cohere's chat, which no client speaks: answers and streams are written as OpenAI's.
pub(crate) static DIALECT: Dialect = Dialect {
    read_request: no_client,
    write_request: encode::request,
    read_answer: answer::decode,
    write_answer: chat::answer::encode,
    reader: |seed| Box::new(stream::Decoder::new(seed)),
    writer: |context| Box::new(chat::stream::Encoder::new(context)),
    passing: &UNSPOKEN,
    texts: &texts::CohereTexts,
    enrich: None,
    place: own_place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};

/// Cohere.
pub(crate) static FAMILY: Family = Family {
    format: Format::Cohere,
    versions: &[],
    lists_at: None,
    path: no_path,
    bare_path: no_path,
    error: openai::error::value,
    delay: no_delay,
    error_event: None,
    own_statuses: &[],
    failure: openai::error::read,
    models: openai::models::list,
    model: openai::models::one,
    usage_field: "usage",
    count_field: "input_tokens",
    usage: usage::usage,
};

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
