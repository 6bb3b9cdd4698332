//! The contract between operators and data planes as gRPC services: tonic's clients and servers, without a transport.
//!
//! The messages, their strong types and the rules of the conversation are `sluice-session`'s; here is what needs tonic.

/// The name in every operator replica's certificate, whatever address it is dialled by.
pub const SERVER_NAME: &str = "sluice-operator.sluice.internal";
/// The audience of the token that a data plane shows.
pub const AUDIENCE: &str = "sluice-operator";

/// The services of `proto/sluice/sync/v1/sync.proto`, beside its messages.
#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
pub mod wire {
    pub use sluice_session::wire::*;

    include!("gen/sync.rs");
}
