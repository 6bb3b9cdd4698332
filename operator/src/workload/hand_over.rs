//! Handing the number of pods over to an autoscaler.

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use super::{FIELD_MANAGER, scaled_by};

/// The field manager that holds the number of pods until the autoscaler sets it.
pub const HAND_OVER_MANAGER: &str = "sluice-operator-handover";

/// What to apply with [`HAND_OVER_MANAGER`], before a Deployment without `replicas` is applied over one that has ours.
///
/// Whoever applied a field alone and leaves it out takes it away: the API server would go back to one pod, until the
/// autoscaler notices. None when there is nothing to hand over.
pub fn hand_over(desired: &Deployment, observed: &Deployment) -> Option<Value> {
    let replicas = observed.spec.as_ref()?.replicas?;
    let is_kept = desired
        .spec
        .as_ref()
        .is_some_and(|spec| spec.replicas.is_some());
    // Whoever else sets it goes on doing so.
    if is_kept || !is_ours(observed) || scaled_by(observed).is_some() {
        return None;
    }
    Some(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": observed.metadata.name, "namespace": observed.metadata.namespace },
        "spec": { "replicas": replicas },
    }))
}

/// Whether we are among those that applied the number of pods.
fn is_ours(observed: &Deployment) -> bool {
    let managers = observed.metadata.managed_fields.iter().flatten();
    let mut ours = managers.filter(|m| m.manager.as_deref() == Some(FIELD_MANAGER));
    ours.any(|m| {
        m.fields_v1
            .as_ref()
            .is_some_and(|fields| fields.0["f:spec"].get("f:replicas").is_some())
    })
}
