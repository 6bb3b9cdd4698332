//! Kubernetes in; snapshots and conditions out.
//!
//! ```text
//! watch --changes--> world --ResourceSet--> release (compiles) --Compiled--> fleet --gRPC--> data planes
//!                      |                        |                              |
//!                   Mirror                      |                            Ledger
//!                      \------------------------+--> status <------------------/
//!                                               +--> workload: what carries each Gateway's traffic
//! ```
//!
//! Every replica watches, compiles and serves configuration; the one that holds the Lease writes to the cluster and takes reports.

pub mod args;
pub mod authority;
pub mod delivery;
pub mod events;
pub mod fleet;
pub mod leader;
pub mod metrics;
pub mod release;
mod run;
pub mod status;
mod trust;
pub mod watch;
pub mod workload;
pub mod world;

pub use run::run;
