//! Amazon Bedrock's Converse (API reference, "Converse" and "ConverseStream").

pub(crate) mod answer;
pub(crate) mod encode;
pub mod frame;
pub(crate) mod stream;

use crate::Format;
use crate::dialect::openai::{self, chat};
use crate::dialect::room::{Dialect, Family, no_client, no_delay, no_path, no_twin, own_place};
use crate::event::Finish;
use crate::flow::passed::UNSPOKEN;

/// Converse, which no client speaks: answers and streams are written as OpenAI's.
pub(crate) static DIALECT: Dialect = Dialect {
    read_request: no_client,
    write_request: encode::request,
    read_answer: |body, _| answer::decode(body),
    write_answer: chat::answer::encode,
    reader: |_| Box::new(stream::Decoder::default()),
    writer: |context| Box::new(chat::stream::Encoder::new(context)),
    passing: &UNSPOKEN,
    // Its streams are binary: whoever guards them does so behind the translation.
    texts: &chat::texts::ChatTexts,
    enrich: None,
    place: own_place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};

/// Bedrock.
pub(crate) static FAMILY: Family = Family {
    format: Format::Bedrock,
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
    usage: openai::usage::usage,
};

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
