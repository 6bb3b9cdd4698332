//! Gemini's generateContent (API reference, "Generating content"), on the Gemini API and on Vertex AI.

pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod enrich;
pub(crate) mod error;
pub(crate) mod models;
pub(crate) mod passing;
pub(crate) mod paths;
pub(crate) mod schema;
pub(crate) mod stream;
pub(crate) mod texts;
pub(crate) mod usage;

use crate::Format;
use crate::dialect::room::{Dialect, Family, no_path, no_twin};
use crate::event::Finish;

/// generateContent.
pub(crate) static DIALECT: Dialect = Dialect {
    read_request: decode::request,
    write_request: encode::request,
    read_answer: answer::decode,
    write_answer: answer::encode,
    reader: |seed| Box::new(stream::Decoder::new(seed)),
    writer: |context| Box::new(stream::Encoder::new(context)),
    passing: &passing::PASSING,
    texts: &texts::GenerateTexts,
    enrich: Some(enrich::messages),
    place: enrich::place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};

/// Google.
pub(crate) static FAMILY: Family = Family {
    format: Format::Gemini,
    versions: &["v1beta", "v1"],
    lists_at: Some("v1beta"),
    path: paths::path,
    bare_path: no_path,
    error: error::value,
    delay: error::delay,
    error_event: None,
    own_statuses: &[],
    failure: error::read,
    models: models::list,
    model: models::one,
    usage_field: "usageMetadata",
    count_field: "totalTokens",
    usage: usage::usage,
};

pub(crate) const fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Tools | Finish::Pause => "STOP",
        Finish::Length | Finish::Context => "MAX_TOKENS",
        Finish::Filter => "SAFETY",
        Finish::Error => "OTHER",
    }
}

pub(crate) fn finish(word: &str) -> Finish {
    match word {
        "MAX_TOKENS" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "LANGUAGE"
        | "MODEL_ARMOR"
        | "JAILBREAK" => Finish::Filter,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "OTHER"
        | "NO_IMAGE"
        | "IMAGE_OTHER" => Finish::Error,
        _ => Finish::Stop,
    }
}
