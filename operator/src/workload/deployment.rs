//! The Deployment, and what it says about where its pods come from.

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts::GatewayFacts;
use super::name::{digest, metadata, selector};
use super::pod;
use super::settings::{Scale, WorkloadSettings};

/// Annotation of a Deployment: stands for its pods as a whole.
pub const REVISION: &str = "sluice.dev/pod-revision";
/// Annotation of a Deployment: stands for what the Gateway's user says about its pods. Begins with the number of the scheme, so that
/// another scheme is not taken for another wish.
pub const ASKED: &str = "sluice.dev/pod-asked";
pub(super) const SCHEME: &str = "1-";

pub(super) fn deployment(gateway: &GatewayFacts, settings: &WorkloadSettings) -> Deployment {
    let template = pod::template(gateway, settings);
    let mut metadata = metadata(gateway, settings);
    let revision = digest(
        serde_json::to_string(&template)
            .unwrap_or_default()
            .as_bytes(),
    );
    let asked = format!(
        "{SCHEME}{}",
        digest(pod::asked(gateway).to_string().as_bytes())
    );
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.insert(REVISION.to_owned(), revision);
    annotations.insert(ASKED.to_owned(), asked);
    let replicas = match settings.scale(gateway) {
        Scale::Fixed(replicas) => Some(replicas),
        // It belongs to the autoscaler.
        Scale::Automatic(_) => None,
    };
    Deployment {
        metadata,
        spec: Some(DeploymentSpec {
            replicas,
            selector: selector(gateway),
            template,
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_unavailable: Some(IntOrString::Int(0)),
                    max_surge: Some(IntOrString::String("25%".to_owned())),
                }),
            }),
            min_ready_seconds: Some(5),
            revision_history_limit: Some(3),
            ..Default::default()
        }),
        status: None,
    }
}

/// The Deployment with the pods that are there already, for one that has to wait ([`super::Step::Hold`]): everything but its pods
/// follows the Gateway.
pub fn held(desired: &Deployment, observed: &Deployment) -> Deployment {
    let mut held = desired.clone();
    if let (Some(spec), Some(running)) = (&mut held.spec, &observed.spec) {
        spec.template = running.template.clone();
    }
    let annotations = held.metadata.annotations.get_or_insert_default();
    for key in [REVISION, ASKED] {
        match observed
            .metadata
            .annotations
            .as_ref()
            .and_then(|a| a.get(key))
        {
            Some(value) => annotations.insert(key.to_owned(), value.clone()),
            None => annotations.remove(key),
        };
    }
    held
}
