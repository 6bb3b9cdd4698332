//! What a route adds to a chat request.

use crate::enrich::put::{Message, plain};
use crate::json::{Draft, ScanError};

pub(crate) fn messages(
    draft: &mut Draft,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    draft.extend("messages", &plain(prepend), &plain(append))
}

/// Two names of one limit.
pub(crate) fn twin(name: &str) -> Option<&'static str> {
    match name {
        "max_tokens" => Some("max_completion_tokens"),
        "max_completion_tokens" => Some("max_tokens"),
        _ => None,
    }
}
