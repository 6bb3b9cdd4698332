//! Between messages and types that can't hold nonsense.
//!
//! Nothing here trusts a peer: a version that was received is a [`Claim`] until the content has been hashed.

mod error;
mod hello;
mod message;
mod parts;
mod report;
mod update;
mod version;

pub use error::WireError;
pub use hello::{Hello, Identity, PolicyKind, Welcome};
pub use message::{Ack, Heartbeat, Leader, Refusal, ToClient, ToServer};
pub use parts::{Assembler, Broken, PART_BYTES, Parts};
pub use report::{Counter, Diagnostic, Health, MAX_DIAGNOSTICS, Report, Vitals};
pub use update::{MAX_SNAPSHOT_BYTES, Update};
pub use version::{Claim, Epoch};

pub use crate::wire::health::State as HealthState;
pub use crate::wire::refusal::Reason;

/// The contract's number that this build speaks.
pub const PROTOCOL: u32 = 1;

/// Whether a peer with that number is near enough: one apart, either way.
pub fn speaks(protocol: u32) -> Result<(), WireError> {
    if protocol != 0 && protocol.abs_diff(PROTOCOL) <= 1 {
        Ok(())
    } else {
        Err(WireError::Protocol { theirs: protocol })
    }
}
