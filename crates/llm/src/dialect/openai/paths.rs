//! OpenAI's paths, below the version.

use crate::surface::found::{Surface, plain};
use crate::{Operation, Wire};

/// A list, and not a prefix: what follows one could lead elsewhere (`images/../files`).
const MEDIA: [&str; 6] = [
    "images/generations",
    "images/edits",
    "images/variations",
    "audio/speech",
    "audio/transcriptions",
    "audio/translations",
];

pub(crate) fn path(rest: &str) -> Option<Surface<'_>> {
    let (wire, operation) = match rest {
        "chat/completions" => (Wire::Chat, Operation::Chat),
        "completions" => (Wire::Completions, Operation::Chat),
        "responses" => (Wire::Responses, Operation::Chat),
        "embeddings" => (Wire::Chat, Operation::Embeddings),
        _ if MEDIA.contains(&rest) => (Wire::Chat, Operation::Media),
        _ => return None,
    };
    Some(plain(wire, operation, rest))
}
