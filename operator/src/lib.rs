//! Kubernetes in; snapshots and conditions out.
//!
//! ```text
//! watch --changes--> world --ResourceSet--> release (compiles) --Compiled--> fleet --gRPC--> data planes
//!                      |                        |                              |
//!                   Mirror                      |                            Ledger
//!                      \------------------------+--> status <------------------/
//!                                               +--> provision: workloads of Gateways, projections of AIGateways
//! ```
//!
//! Every replica watches, compiles and serves configuration; the one that holds the Lease writes to the cluster and takes reports.

pub mod api;
pub mod args;
pub mod authority;
mod brief;
mod bundle;
mod clock;
pub mod delivery;
mod drive;
pub mod events;
#[cfg(test)]
mod fake_api;
pub mod fleet;
pub mod leader;
mod memo;
pub mod metrics;
pub mod provision;
pub mod release;
mod retry;
mod run;
pub mod status;
mod trust;
pub mod watch;
pub mod workload;
pub mod world;

pub use run::run;
