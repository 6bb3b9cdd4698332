//! Anthropic's paths, below the version.

use crate::surface::found::{Surface, plain};
use crate::{Operation, Wire};

pub(crate) fn path(rest: &str) -> Option<Surface<'_>> {
    match rest {
        "messages" => Some(plain(Wire::Messages, Operation::Chat, rest)),
        "messages/count_tokens" => Some(plain(Wire::Messages, Operation::CountTokens, rest)),
        _ => None,
    }
}

/// Without a version, as some clients have it.
pub(crate) fn bare_path(rest: &str) -> Option<Surface<'_>> {
    path(rest).filter(|_| rest == "messages")
}
