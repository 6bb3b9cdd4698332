//! What an installation decides about all data planes.

use std::time::Duration;

use k8s_openapi::api::core::v1::{LocalObjectReference, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use sluice_crds::ai_gateway::{Autoscaling, Resources, ServiceType};

use super::defaults::Defaults;
use super::facts::GatewayFacts;

const DRAIN: Duration = Duration::from_secs(300);

/// What an installation decides about all data planes: the operator's flags.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadSettings {
    /// `--dataplane-image`: the image of data planes that are not pinned.
    pub image: String,
    /// `--dataplane-image-pull-policy`.
    pub image_pull_policy: Option<String>,
    /// `--dataplane-image-pull-secret`, names of Secrets in the Gateway's namespace.
    pub image_pull_secrets: Vec<String>,
    /// `--service`: `host:port` of the operators, for data planes to dial.
    pub operator: String,
    /// `--dataplane-defaults`.
    pub defaults: Defaults,
}

impl WorkloadSettings {
    /// An image and where the operators are; nothing else said.
    pub fn new(image: impl Into<String>, operator: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            image_pull_policy: None,
            image_pull_secrets: Vec::new(),
            operator: operator.into(),
            defaults: Defaults::default(),
        }
    }

    /// How long requests in flight have to end.
    pub fn drain(&self) -> Duration {
        self.defaults
            .drain
            .map_or(DRAIN, sluice_vocab::Duration::get)
    }

    /// How the number of pods is chosen: by an autoscaler, or given.
    pub(super) fn scale(&self, gateway: &GatewayFacts) -> Scale {
        let own = gateway.data_plane.as_ref();
        if let Some(autoscaling) = own.and_then(|d| d.autoscaling.clone()) {
            return Scale::Automatic(autoscaling);
        }
        match (own.and_then(|d| d.replicas), &self.defaults.autoscaling) {
            (Some(replicas), _) => Scale::Fixed(replicas),
            (None, Some(autoscaling)) => Scale::Automatic(autoscaling.clone()),
            (None, None) => Scale::Fixed(self.defaults.replicas.unwrap_or(1)),
        }
    }

    pub(super) fn resources(&self, gateway: &GatewayFacts) -> ResourceRequirements {
        let own = gateway
            .data_plane
            .as_ref()
            .and_then(|d| d.resources.as_ref());
        let Some(resources) = own.or(self.defaults.resources.as_ref()) else {
            return modest();
        };
        requirements(resources)
    }

    pub(super) fn service_type(&self, gateway: &GatewayFacts) -> ServiceType {
        let own = gateway
            .data_plane
            .as_ref()
            .and_then(|d| d.service.as_ref()?.kind);
        own.or(self.defaults.service.kind)
            .unwrap_or(ServiceType::LoadBalancer)
    }

    pub(super) fn pull_secrets(&self) -> Option<Vec<LocalObjectReference>> {
        let secret = |name: &String| LocalObjectReference { name: name.clone() };
        (!self.image_pull_secrets.is_empty())
            .then(|| self.image_pull_secrets.iter().map(secret).collect())
    }
}

/// How the number of pods is chosen.
pub(super) enum Scale {
    Fixed(i32),
    Automatic(Autoscaling),
}

fn requirements(resources: &Resources) -> ResourceRequirements {
    let quantities = |map: &std::collections::BTreeMap<String, String>| {
        let quantities = map
            .iter()
            .map(|(name, value)| (name.clone(), Quantity(value.clone())));
        (!map.is_empty()).then(|| quantities.collect())
    };
    ResourceRequirements {
        requests: quantities(&resources.requests),
        limits: quantities(&resources.limits),
        ..Default::default()
    }
}

/// Enough for an autoscaler to have something to go by, and little enough to fit anywhere. No limit of CPU: throttling would be seen as
/// pauses in streams.
fn modest() -> ResourceRequirements {
    let map = |entries: &[(&str, &str)]| {
        entries
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect()
    };
    requirements(&Resources {
        requests: map(&[("cpu", "100m"), ("memory", "128Mi")]),
        limits: map(&[("memory", "1Gi")]),
    })
}
