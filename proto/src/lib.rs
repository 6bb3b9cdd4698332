//! The contract between operators and data planes: its messages, their strong types, and the rules of the conversation.
//!
//! ```text
//! Releases --Server--> Welcome, UpdatePart…, Heartbeat --------------> Client --Build, Install--> the data plane
//!          <------------ Hello, Ack <--------------------------------
//! Ledger (the leader's) <--------- ReportRequest… <------------------- Reporter
//!                       ---------> ReportResponse: another leads ---->
//! ```
//!
//! * `wire` is generated from `proto/sluice/sync/v1/sync.proto`: messages, and tonic's clients and servers without a transport.
//! * [`codec`] goes between `wire` and types that can't hold nonsense.
//! * [`session`] decides what is sent when. It has no sockets, tasks or clock: time is an argument, effects are returned.
//!
//! Configuration comes from any replica, reports go to the leader. A version proves content, an epoch orders leaders: whoever has
//! seen an epoch takes nothing from a lower one. An update is applied whole or not at all.
//!
//! Skew: peers may be one minor version apart. Fields are added, never changed; what isn't known is ignored. Entries travel as bytes
//! that nobody between compiler and table decodes, so fields that this build doesn't know survive in them.

pub mod codec;
pub mod session;

/// The name in every operator replica's certificate, whatever address it is dialled by.
pub const SERVER_NAME: &str = "sluice-operator.sluice.internal";
/// The audience of the token that a data plane shows.
pub const AUDIENCE: &str = "sluice-operator";

/// The messages of `proto/sluice/sync/v1/sync.proto`, and tonic's clients and servers for its services.
#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
pub mod wire {
    include!("gen/sync.rs");
}
