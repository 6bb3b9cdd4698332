//! Anthropic's Messages (API reference, "Messages" and "Count tokens").

pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod enrich;
pub(crate) mod error;
pub(crate) mod models;
pub(crate) mod passing;
pub(crate) mod paths;
pub(crate) mod stream;
pub(crate) mod texts;
pub(crate) mod usage;

use crate::Format;
use crate::dialect::room::{Dialect, Family, no_delay, no_twin};
use crate::event::Finish;

/// Messages.
pub(crate) static DIALECT: Dialect = Dialect {
    read_request: decode::request,
    write_request: encode::request,
    read_answer: |body, _| answer::decode(body),
    write_answer: answer::encode,
    reader: |_| Box::new(stream::Decoder::default()),
    writer: |context| Box::new(stream::Encoder::new(context)),
    passing: &passing::PASSING,
    texts: &texts::MessagesTexts,
    enrich: Some(enrich::messages),
    place: enrich::place,
    twin: no_twin,
    counts_what_it_is_asked: true,
};

/// Anthropic.
pub(crate) static FAMILY: Family = Family {
    format: Format::Anthropic,
    versions: &["v1"],
    lists_at: None,
    path: paths::path,
    bare_path: paths::bare_path,
    error: error::value,
    delay: no_delay,
    error_event: Some("error"),
    own_statuses: &[529],
    failure: error::read,
    models: models::list,
    model: models::one,
    usage_field: "usage",
    count_field: "input_tokens",
    usage: usage::usage,
};

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
