//! Kubernetes in; snapshots and conditions out.

pub mod workload;
