//! Who says what when, as state machines without sockets, tasks or clocks.
//!
//! ```text
//! operator replica                               data plane
//!   Releases   what there is for one Gateway       Client    one configuration stream after the other
//!   Server     one configuration stream            Reporter  the way to the leader
//!   Ledger     the leader's: newest reports
//! ```
//!
//! Each takes what happened and the time, and returns what to do, in order. Whoever drives them may not skip an event. Streams
//! deliver in order and lose nothing but by breaking; the machines hold out against the opposite too, by giving the stream up.

mod client;
mod ledger;
mod release;
mod reporter;
mod server;

pub use client::{Client, ClientEvent, Why};
pub use ledger::{Ledger, Progress};
pub use release::{Release, Releases, UnknownPolicy};
pub use reporter::{Reporter, ReporterEvent, Standing};
pub use server::{Close, Denied, Server, ServerEvent, ServerSettings};
