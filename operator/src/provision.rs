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

use sluice_compiler::condition::Status;
use sluice_vocab::GatewayKey;

pub use projections::{Findings, Projections};
pub use workloads::Workloads;

/// What became of the workloads, for status.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Provisioned {
    /// Where each Gateway is reached: type and value.
    pub addresses: BTreeMap<GatewayKey, Vec<(String, String)>>,
    /// Whether pods take each Gateway's traffic.
    pub pods: BTreeMap<GatewayKey, Pods>,
    /// What is wrong, by the resource whose fault it is.
    pub findings: Findings,
}

/// Whether pods take a Gateway's traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pods {
    /// None yet, or none at the moment.
    #[default]
    Coming,
    /// At least one.
    Ready,
    /// None, though there was time enough.
    Overdue,
}

impl Pods {
    /// What `Ready` is without pods; none when there are some.
    pub(crate) fn as_condition(self) -> Option<(Status, &'static str)> {
        match self {
            Pods::Ready => None,
            Pods::Coming => Some((Status::Unknown, "Pending")),
            Pods::Overdue => Some((Status::False, "PodsNotReady")),
        }
    }

    /// For people.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Pods::Ready => "pods are ready",
            Pods::Coming => "no pod is ready",
            Pods::Overdue => "no pod became ready in time: look at the Deployment's pods",
        }
    }
}

/// The newest, for whoever writes status.
pub type Newest = tokio::sync::watch::Sender<Arc<Provisioned>>;
