//! A request out of one wire into another.

pub(crate) mod target;

pub use target::Target;

use crate::Wire;
use crate::conversation::Conversation;
use crate::dialect;
use crate::dropped::Dropped;
use crate::json::Invalid;

/// Reads a client's request. What its format has and no other is noted at once.
pub fn decode<'a>(
    wire: Wire,
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Invalid> {
    (dialect::of(wire).read_request)(body, dropped)
}

/// Writes a request for a provider. What its format has no place for is noted; what would change the meaning is refused.
pub fn encode(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    (dialect::of(target.wire).write_request)(c, target, dropped)
}
