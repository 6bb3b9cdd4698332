//! What a route adds to a completion: texts around the prompt.

use crate::enrich::put::{Message, prompt};
use crate::json::{Draft, ScanError};

pub(crate) fn messages(
    draft: &mut Draft,
    prepend: &[Message<'_>],
    append: &[Message<'_>],
) -> Result<(), ScanError> {
    prompt(draft, "prompt", prepend, append)
}
