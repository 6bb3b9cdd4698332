//! The proxy: snapshots in, traffic through. It knows nothing of Kubernetes, resources or their compiler.
//!
//! ```text
//! Snapshot --table::build--> Table --Live (ArcSwap)--> pipeline::handle, once per request:
//!   admit -> match -> authn -> read -> resolve -> fill -> guard -> add -> translate -> send -> answer -> record
//! serve: sockets and connections     engine: connections to upstreams, memory, slow work     standing: what outlives a table
//! ```

pub mod access_log;
mod answer;
mod attempt;
mod body;
mod budget;
mod client;
mod connection;
mod engine;
mod gather;
mod inquiry;
pub mod metrics;
mod party;
mod pipeline;
pub mod pod;
mod random;
mod record;
mod rejection;
mod room;
pub mod serve;
pub mod settings;
mod stage;
mod standing;
pub mod sync;
pub mod table;
mod telemetry;
mod token;

mod gateway;

pub use budget::Budget;
pub use gateway::{Built, Gateway, Shared};
pub use settings::{IdentitySettings, ProxySettings, Settings};
