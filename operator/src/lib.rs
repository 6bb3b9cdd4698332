//! Kubernetes in; snapshots and conditions out.

pub mod authority;
pub mod leader;
pub mod watch;
pub mod workload;
pub mod world;
