//! Who says what when between operators and data planes, as state machines without sockets, tasks or clocks.
//!
//! ```text
//! operator replica                               data plane
//!   Releases   what there is for one Gateway       Client    one configuration stream after the other
//!   Server     one configuration stream            Reporter  the way to the leader
//!   Ledger     the leader's: newest reports
//!
//! Releases --Server--> Welcome, UpdatePart…, Heartbeat --------------> Client --Build, Install--> the data plane
//!          <------------ Hello, Ack <--------------------------------
//! Ledger (the leader's) <--------- ReportRequest… <------------------- Reporter
//!                       ---------> ReportResponse: another leads ---->
//! ```
//!
//! * `wire` is generated from the messages of `proto/sluice/sync/v1/sync.proto`; `sluice-proto` has its services.
//! * [`codec`] goes between `wire` and types that can't hold nonsense.
//! * The machines decide what is sent when. Each takes what happened and the time, and returns what to do, in order. Whoever drives
//!   them may not skip an event. Streams deliver in order and lose nothing but by breaking; the machines hold out against the opposite
//!   too, by giving the stream up.
//!
//! Configuration comes from any replica, reports go to the leader. A version proves content, an epoch orders leaders: whoever has
//! seen an epoch takes nothing from a lower one. An update is applied whole or not at all.
//!
//! Skew: peers may be one minor version apart. Fields are added, never changed; what isn't known is ignored. Entries travel as bytes
//! that nobody between compiler and table decodes, so fields that this build doesn't know survive in them.

mod client;
pub mod codec;
mod ledger;
mod release;
mod reporter;
mod server;

pub use client::{Client, ClientEvent, Why};
pub use ledger::{Ledger, Progress};
pub use release::{Release, Releases, UnknownPolicy};
pub use reporter::{Reporter, ReporterEvent, Standing};
pub use server::{Close, Denied, Server, ServerEvent, ServerSettings};

/// The messages of `proto/sluice/sync/v1/sync.proto`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
pub mod wire {
    include!("gen/sync.rs");
}
