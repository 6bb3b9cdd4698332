//! The texts of requests and answers, found where they stand, so that they can be looked at and replaced.
//!
//! ```text
//! request fields --request()-->  each text, with its kind     a guard says what stands in its place, if anything
//! whole answer   --answer()-->   the same
//! stream         --Deltas-->     the same, text by text over all its pieces
//! ```
//!
//! Strings in fields that this version doesn't know are texts too: a guard must not be blind to what is new.

mod cursor;
pub(crate) mod delta;
mod encoded;
pub(crate) mod kind;
mod outline;
mod peek;
mod tokens;
pub(crate) mod walk;

use bytes::Bytes;

use crate::json::{Object, ScanError};

pub use delta::{Deltas, Events, Masks};
pub use kind::{Kind, Part};
pub use tokens::has_tokens;

use kind::Context;
pub use outline::Keys;

use outline::Unclear;
use walk::{Place, Stop, Walk};

/// What a top-level field of a request is: parameters and names are no text. A field that isn't known here is.
fn field(name: &str) -> Option<Context> {
    let schema = Context {
        schema: true,
        ..Context::new(Kind::System)
    };
    let everything = Context {
        everything: true,
        ..Context::new(Kind::User)
    };
    Some(match name {
        "model"
        | "stream"
        | "stream_options"
        | "user"
        | "safety_identifier"
        | "metadata"
        | "prompt_cache_key"
        | "service_tier"
        | "stop"
        | "stop_sequences"
        | "previous_response_id"
        | "include"
        | "modalities"
        | "store"
        | "safetySettings"
        | "cachedContent"
        | "logit_bias"
        | "encoding_format"
        | "voice"
        | "size"
        | "quality" => {
            return None;
        }
        "system" | "instructions" | "systemInstruction" | "system_instruction" => {
            Context::new(Kind::System)
        }
        "tools" | "functions" | "response_format" | "text" | "generationConfig"
        | "generation_config" | "output_config" | "toolConfig" | "tool_config" => schema,
        "documents" | "chat_template_kwargs" => everything,
        "prediction" => Context::new(Kind::Assistant),
        _ => Context::new(Kind::User),
    })
}

/// Gets a text, and says what is to stand in its place, if anything.
pub type Look<'l, E> = dyn FnMut(Part, &str) -> Result<Option<String>, E> + 'l;

/// Why texts could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextError<E> {
    /// A field is not what JSON, or its format, has there.
    Malformed(ScanError),
    /// Whoever looked said no.
    Refused(E),
}

impl<E> TextError<E> {
    fn of(stop: Stop<E>, field: &str) -> Self {
        match stop {
            Stop::Unclear(unclear) => Self::Malformed(match unclear {
                Unclear::Malformed => ScanError::WrongType {
                    field: field.to_owned(),
                    expected: "valid JSON",
                },
                Unclear::Duplicate(name) => ScanError::Duplicate(name),
                Unclear::TooManyObjects => ScanError::TooManyObjects,
            }),
            Stop::Refused(why) => Self::Refused(why),
        }
    }
}

/// Hands every text of a request to `look`, which says what is to stand in its place. Gives the fields that have changed.
pub fn request<E>(
    object: &Object,
    keys: Keys,
    look: &mut Look<'_, E>,
) -> Result<Vec<(String, Bytes)>, TextError<E>> {
    let mut see = |place: &Place<'_, '_>, text: &str| look(place.part, text);
    Walk::new(object.bytes(), &mut see)
        .fields(keys, field)
        .map_err(|e| TextError::of(e, "body"))
}

/// Hands every text of a whole answer, or of an error's body, to `look`. Gives the answer when it has changed.
///
/// The probabilities of tokens spell the text out again, so they are taken out.
pub fn answer<E>(body: &[u8], look: &mut Look<'_, E>) -> Result<Option<Vec<u8>>, TextError<E>> {
    let mut see = |place: &Place<'_, '_>, text: &str| look(place.part, text);
    Walk::new(body, &mut see)
        .run(Context::answer())
        .map_err(|e| TextError::of(e, "answer"))
}

#[cfg(test)]
mod tests;
