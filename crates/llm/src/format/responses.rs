//! OpenAI's Responses (API reference, "Responses"). The gateway keeps nothing between requests, so what refers to an earlier one is
//! refused where the provider isn't OpenAI itself.

pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod stream;

use std::borrow::Cow;

use crate::event::Finish;

/// Before a signature of another provider's that travels as `encrypted_content`.
const SIGNED: &str = "sluice.signed.";
/// Before reasoning that only its provider can read.
const REDACTED: &str = "sluice.redacted.";

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
