//! OpenAI's Responses (API reference, "Responses"). The gateway keeps nothing between requests, so what refers to an earlier one is
//! refused where the provider isn't OpenAI itself.

pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod enrich;
pub(crate) mod events;
pub(crate) mod passing;
pub(crate) mod read;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod texts;

use std::borrow::Cow;

use crate::event::Finish;

/// Before a signature of another provider's that travels as `encrypted_content`.
const SIGNED: &str = "sluice.signed.";
/// Before reasoning that only its provider can read.
const REDACTED: &str = "sluice.redacted.";
/// Before OpenAI's own sealed reasoning, where it travels as a signature.
const OWN: &str = "sluice.openai.";

/// OpenAI's sealed reasoning as a signature, so that clients of other formats give it back.
pub(crate) fn seal_own(sealed: &str) -> String {
    format!("{OWN}{sealed}")
}

/// OpenAI's sealed reasoning, where a signature is that.
pub(crate) fn opened(signature: &str) -> Option<&str> {
    signature.strip_prefix(OWN)
}

/// The input of a custom tool, which is a text, as the arguments of a function.
pub(crate) fn custom_arguments(input: &str) -> String {
    format!("{{\"input\":{}}}", crate::json::quote(input))
}

/// What an answer comes to, and why it is incomplete.
pub(crate) const fn status(finish: Finish) -> (&'static str, Option<&'static str>) {
    match finish {
        Finish::Stop | Finish::StopSequence | Finish::Tools | Finish::Pause => ("completed", None),
        Finish::Length | Finish::Context => ("incomplete", Some("max_output_tokens")),
        Finish::Filter => ("incomplete", Some("content_filter")),
        Finish::Error => ("failed", None),
    }
}

/// The item's content for a signature.
pub(crate) fn seal_signature(signature: &str) -> String {
    format!("{SIGNED}{signature}")
}

/// The item's content for reasoning that only its provider can read.
pub(crate) fn seal_redacted(data: &str) -> String {
    format!("{REDACTED}{data}")
}

/// What an item's `encrypted_content` is.
pub(crate) enum Sealed<'a> {
    /// A signature that we put there.
    Signature(Cow<'a, str>),
    /// Reasoning that we put there.
    Redacted(Cow<'a, str>),
    /// OpenAI's own.
    Foreign,
}

pub(crate) fn unseal(text: &str) -> Sealed<'static> {
    if let Some(signature) = text.strip_prefix(SIGNED) {
        Sealed::Signature(signature.to_owned().into())
    } else if let Some(data) = text.strip_prefix(REDACTED) {
        Sealed::Redacted(data.to_owned().into())
    } else {
        Sealed::Foreign
    }
}
