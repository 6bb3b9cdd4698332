//! The objects that carry a Gateway's data planes, as plain functions over values.
//!
//! ```text
//! GatewayFacts + WorkloadSettings --desired()--> objects to apply, kinds that may not be there, findings
//!      desired and observed Deployments --rollout()--> which may be applied now, which stay as they are
//!                 Service (and Nodes) --addresses()--> status.addresses
//! ```
//!
//! Nothing here talks to an API server. Use it like this:
//!
//! 1. Before anything is applied: an object of that name whose controller is not the Gateway is a conflict, never
//!    overwritten ([`Object::name`] and the owner's uid are all that takes).
//! 2. [`desired`] for each Gateway. Apply [`Desired::objects`] (server-side, [`FIELD_MANAGER`], force), delete what
//!    [`Desired::absent`] names and the Gateway owns.
//! 3. For Deployments, ask [`rollout`] first, with every Gateway's [`Candidate`]: where it says [`Step::Hold`], apply
//!    [`held`] instead. Where an autoscaler is to take over, apply [`hand_over`]'s patch before. What somebody else scales is
//!    applied as [`yielding`] has it.
//! 4. [`addresses`] of the Service as observed.

mod address;
mod defaults;
mod deployment;
mod facts;
mod hand_over;
mod image;
mod name;
mod object;
mod pod;
mod port;
mod replicas;
mod rollout;
mod scaling;
mod service;
mod settings;

use sluice_vocab::Finding;

pub use address::addresses;
pub use defaults::{Defaults, ServiceDefaults};
pub use deployment::{ASKED, REVISION, held};
pub use facts::{GatewayFacts, ListenerPort, RequestedAddress};
pub use hand_over::{HAND_OVER_MANAGER, hand_over};
pub use image::image;
pub use name::{CLASS_LABEL, label_value, object_name};
pub use object::{Object, WorkloadKind};
pub use pod::{ADMIN_PORT, CA_FILE, TOKEN_AUDIENCE, TOKEN_FILE};
pub use port::container_port;
pub use replicas::{scaled_by, yielding};
pub use rollout::{Candidate, Hold, Observed, Step, rollout};
pub use settings::WorkloadSettings;

/// The field manager with which the objects are applied.
pub const FIELD_MANAGER: &str = "sluice-operator";

/// What there should be for a Gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The name that the objects share; the ConfigMap with the operator's CA is this and `-ca`.
    pub name: String,
    /// What to apply, in this order. Equal input gives equal objects.
    pub objects: Vec<Object>,
    /// What is wrong with the Gateway; paths begin with `spec.listeners` or `spec.addresses`.
    pub gateway_findings: Vec<Finding>,
    /// What is wrong with the AIGateway behind it; paths begin with `spec.dataPlane`.
    pub ai_gateway_findings: Vec<Finding>,
}

impl Desired {
    /// The Deployment among the objects.
    pub fn deployment(&self) -> Option<&k8s_openapi::api::apps::v1::Deployment> {
        self.objects.iter().find_map(|object| match object {
            Object::Deployment(deployment) => Some(&**deployment),
            _ => None,
        })
    }

    /// Kinds of which the Gateway should have no object now: delete the one of this name if the Gateway owns it.
    pub fn absent(&self) -> Vec<WorkloadKind> {
        let is_absent =
            |kind: &WorkloadKind| !self.objects.iter().any(|object| object.kind() == *kind);
        WorkloadKind::ALL.into_iter().filter(is_absent).collect()
    }
}

/// What there should be for a Gateway: ServiceAccount, Deployment, Service (when a listener can be served),
/// HorizontalPodAutoscaler (when asked for) and PodDisruptionBudget.
pub fn desired(gateway: &GatewayFacts, settings: &WorkloadSettings) -> Desired {
    let mut gateway_findings = Vec::new();
    let mut ai_gateway_findings = Vec::new();
    let ports = port::served(&gateway.listeners, &mut gateway_findings);
    let mut objects = vec![
        Object::ServiceAccount(Box::new(service::account(gateway, settings))),
        Object::Deployment(Box::new(deployment::deployment(gateway, settings))),
    ];
    if let Some(service) = service::service(gateway, settings, &ports, &mut gateway_findings) {
        objects.push(Object::Service(Box::new(service)));
    }
    if let Some(scaler) = scaling::autoscaler(gateway, settings, &mut ai_gateway_findings) {
        objects.push(Object::HorizontalPodAutoscaler(Box::new(scaler)));
    }
    objects.push(Object::PodDisruptionBudget(Box::new(
        scaling::disruption_budget(gateway, settings),
    )));
    Desired {
        name: object_name(gateway),
        objects,
        gateway_findings,
        ai_gateway_findings,
    }
}
