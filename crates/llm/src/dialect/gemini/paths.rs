//! Gemini's paths, below the version: the model, and what is asked of it.

use crate::surface::found::{Surface, percent_decode};
use crate::{Operation, Wire};

pub(crate) fn path(rest: &str) -> Option<Surface<'_>> {
    let (model, verb) = rest.strip_prefix("models/")?.rsplit_once(':')?;
    let (operation, stream) = match verb {
        "generateContent" => (Operation::Chat, None),
        "streamGenerateContent" => (Operation::Chat, Some(true)),
        "countTokens" => (Operation::CountTokens, None),
        "embedContent" | "batchEmbedContents" => (Operation::Embeddings, None),
        _ => return None,
    };
    (!model.is_empty()).then(|| Surface {
        wire: Wire::Generate,
        operation,
        model: Some(percent_decode(model)),
        stream,
        rest,
    })
}
