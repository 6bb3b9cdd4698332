//! The objects, under one type.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Service, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// An object of a Gateway's workload.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// Whom the operator takes the pods for.
    ServiceAccount(Box<ServiceAccount>),
    /// The pods.
    Deployment(Box<Deployment>),
    /// Where clients connect.
    Service(Box<Service>),
    /// How many pods.
    HorizontalPodAutoscaler(Box<HorizontalPodAutoscaler>),
    /// How many may be missing.
    PodDisruptionBudget(Box<PodDisruptionBudget>),
}

/// The kinds of such objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// `v1/ServiceAccount`.
    ServiceAccount,
    /// `apps/v1/Deployment`.
    Deployment,
    /// `v1/Service`.
    Service,
    /// `autoscaling/v2/HorizontalPodAutoscaler`.
    HorizontalPodAutoscaler,
    /// `policy/v1/PodDisruptionBudget`.
    PodDisruptionBudget,
}

impl WorkloadKind {
    /// Every kind.
    pub const ALL: [WorkloadKind; 5] = [
        WorkloadKind::ServiceAccount,
        WorkloadKind::Deployment,
        WorkloadKind::Service,
        WorkloadKind::HorizontalPodAutoscaler,
        WorkloadKind::PodDisruptionBudget,
    ];

    /// The kind as YAML spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            WorkloadKind::ServiceAccount => "ServiceAccount",
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::Service => "Service",
            WorkloadKind::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            WorkloadKind::PodDisruptionBudget => "PodDisruptionBudget",
        }
    }
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> WorkloadKind {
        match self {
            Object::ServiceAccount(_) => WorkloadKind::ServiceAccount,
            Object::Deployment(_) => WorkloadKind::Deployment,
            Object::Service(_) => WorkloadKind::Service,
            Object::HorizontalPodAutoscaler(_) => WorkloadKind::HorizontalPodAutoscaler,
            Object::PodDisruptionBudget(_) => WorkloadKind::PodDisruptionBudget,
        }
    }

    /// Its metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Object::ServiceAccount(o) => &o.metadata,
            Object::Deployment(o) => &o.metadata,
            Object::Service(o) => &o.metadata,
            Object::HorizontalPodAutoscaler(o) => &o.metadata,
            Object::PodDisruptionBudget(o) => &o.metadata,
        }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        self.metadata().namespace.as_deref().unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    /// The body of a server-side apply, with `apiVersion` and `kind`.
    pub fn to_value(&self) -> serde_json::Result<serde_json::Value> {
        match self {
            Object::ServiceAccount(o) => serde_json::to_value(o),
            Object::Deployment(o) => serde_json::to_value(o),
            Object::Service(o) => serde_json::to_value(o),
            Object::HorizontalPodAutoscaler(o) => serde_json::to_value(o),
            Object::PodDisruptionBudget(o) => serde_json::to_value(o),
        }
    }
}
