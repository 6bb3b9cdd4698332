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

pub mod args;
pub mod authority;
mod brief;
mod bundle;
pub mod delivery;
pub mod events;
pub mod fleet;
pub mod leader;
pub mod metrics;
pub mod provision;
pub mod release;
mod run;
pub mod status;
mod trust;
pub mod watch;
pub mod workload;
pub mod world;

pub use run::run;
