//! Who sets the number of pods: whoever else does so keeps it.

use k8s_openapi::api::apps::v1::Deployment;

use super::{FIELD_MANAGER, HAND_OVER_MANAGER};

/// Who sets a Deployment's number of pods, beside us: an autoscaler (through the `scale` subresource), a person, another tool.
pub fn scaled_by(observed: &Deployment) -> Option<&str> {
    let managers = observed.metadata.managed_fields.iter().flatten();
    let owns = |fields: &serde_json::Value| fields["f:spec"].get("f:replicas").is_some();
    managers
        .filter(|m| m.fields_v1.as_ref().is_some_and(|fields| owns(&fields.0)))
        .filter_map(|m| m.manager.as_deref())
        .find(|name| ![FIELD_MANAGER, HAND_OVER_MANAGER].contains(name))
}

/// The Deployment as it may be applied over the one that is there: without the number of pods where somebody else sets that, for as long
/// as the API server names them.
pub fn yielding(mut desired: Deployment, observed: &Deployment) -> Deployment {
    if let Some(spec) = &mut desired.spec
        && scaled_by(observed).is_some()
    {
        spec.replicas = None;
    }
    desired
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::DeploymentSpec;
    use serde_json::{Value, json};

    use super::*;

    fn mk(replicas: Option<i32>) -> Deployment {
        Deployment {
            spec: Some(DeploymentSpec {
                replicas,
                ..DeploymentSpec::default()
            }),
            ..Deployment::default()
        }
    }

    fn mk_observed(managers: &[(&str, &str, Value)]) -> Deployment {
        let mut observed = mk(Some(3));
        let entries = managers.iter().map(|(manager, subresource, fields)| {
            json!({
                "manager": manager,
                "operation": "Update",
                "subresource": subresource,
                "fieldsV1": fields,
            })
        });
        let entries = Value::from_iter(entries);
        observed.metadata.managed_fields = serde_json::from_value(entries).unwrap();
        observed
    }

    fn replicas(observed: &Deployment) -> Option<i32> {
        yielding(mk(Some(1)), observed).spec.unwrap().replicas
    }

    const OWNS: &str = r#"{"f:spec": {"f:replicas": {}}}"#;

    fn owns() -> Value {
        serde_json::from_str(OWNS).unwrap()
    }

    #[test]
    fn an_autoscaler_of_the_users_keeps_the_number_of_pods() {
        let ours = ("sluice-operator", "", owns());
        let scaler = ("kube-controller-manager", "scale", owns());
        assert_eq!(replicas(&mk_observed(std::slice::from_ref(&scaler))), None);
        assert_eq!(replicas(&mk_observed(&[ours, scaler])), None, "both");
        let keda = ("keda-operator", "", owns());
        assert_eq!(scaled_by(&mk_observed(&[keda])), Some("keda-operator"));
    }

    #[test]
    fn what_nobody_else_sets_is_ours() {
        assert_eq!(replicas(&mk_observed(&[])), Some(1));
        let handed_over = (HAND_OVER_MANAGER, "", owns());
        let ours = (FIELD_MANAGER, "", owns());
        assert_eq!(replicas(&mk_observed(&[ours, handed_over])), Some(1));
        let status = json!({"f:status": {"f:replicas": {}}});
        let other = ("kube-controller-manager", "status", status);
        assert_eq!(replicas(&mk_observed(&[other])), Some(1));
    }
}
