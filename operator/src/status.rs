//! The truth about each resource, written onto it.
//!
//! ```text
//! Compiled --+
//! Ledger ----+--> desired status of every object --compare--> what differs from the cluster --> server-side apply
//! Mirror ----+         (pure, one file per shape)
//! ```
//!
//! Only the leader writes. Nothing is queued: what is written is made from the newest of everything, a few objects at a time.

mod condition;
mod gateway_api;
mod own;
mod view;
mod writer;

pub use writer::Writer;

/// The field manager with which status is applied.
pub const FIELD_MANAGER: &str = "sluice-operator-status";
