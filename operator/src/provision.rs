//! What the operator makes in the cluster: the workload of each Gateway, and the projections of each AIGateway.
//!
//! Everything is applied server-side and put back when somebody changes it; what isn't ours is never touched. Only the leader does so.

mod apply;
mod gone;
mod owned;
mod projections;
mod workloads;

use std::collections::BTreeMap;
use std::sync::Arc;

use sluice_vocab::GatewayKey;

pub use projections::{Findings, Projections};
pub use workloads::Workloads;

/// What became of the workloads, for status.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Provisioned {
    /// Where each Gateway is reached: type and value.
    pub addresses: BTreeMap<GatewayKey, Vec<(String, String)>>,
    /// What is wrong, by the resource whose fault it is.
    pub findings: Findings,
}

/// The newest, for whoever writes status.
pub type Newest = tokio::sync::watch::Sender<Arc<Provisioned>>;
