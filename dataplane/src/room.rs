//! Memory for what is made of a body while it is looked at, asked about, or written anew.

use sluice_llm::json::weight;

use crate::budget::Share;
use crate::rejection::{Rejected, Rejection, Stage};

/// Takes as much as may be needed, beside what the body itself has, and for as long as the work lasts: who does the work has this, also
/// when nobody waits for it any more.
pub(crate) async fn room(share: &Share, stage: Stage, body: &[u8]) -> Result<Share, Rejected> {
    let mut room = share.another();
    let weight = weight(body);
    if room.grow_to(weight).await {
        Ok(room)
    } else if room.can_hold(weight) {
        Err(Rejection::no_memory(stage))
    } else if stage == Stage::Relay {
        Err(Rejection::answer_too_long(body.len()))
    } else {
        Err(Rejection::too_intricate(stage))
    }
}
