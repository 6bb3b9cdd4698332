//! The truth about each resource, written onto it.
//!
//! ```text
//! Compiled --+
//! Ledger ----+--> View --> Case --derive, where it differs--> Backlog --a few at a time--> server-side apply
//! Mirror ----+  (of each object; one file per shape of status)
//! ```
//!
//! Only the leader writes. What waits is replaced by what is newer, so nothing old is ever written. Up to `writer` all is functions over
//! values, and nothing holds a lock.

mod backlog;
mod case;
mod condition;
mod gateway_api;
mod own;
mod view;
mod writer;

pub use writer::{Sources, Writer};

/// The field manager with which status is applied.
pub const FIELD_MANAGER: &str = "sluice-operator-status";
