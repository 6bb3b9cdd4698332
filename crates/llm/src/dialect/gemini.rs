//! Gemini's generateContent (API reference, "Generating content"), on the Gemini API and on Vertex AI.

pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod enrich;
pub(crate) mod error;
pub(crate) mod family;
pub(crate) mod models;
pub(crate) mod passing;
pub(crate) mod paths;
pub(crate) mod schema;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod texts;
pub(crate) mod usage;

use crate::event::Finish;

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
