//! What an installation says about all data planes (`dataPlane` in the chart's values).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, EnvVar, Toleration, TopologySpreadConstraint};
use serde::{Deserialize, Serialize};
use sluice_crds::ai_gateway::{Autoscaling, Resources, ServiceType};
use sluice_vocab::Duration;
use sluice_vocab::egress::Network;

/// What data planes get where their AIGateway says nothing, and what only an installation may say. The first four fields are those of
/// `spec.dataPlane`; unknown fields are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// How many pods; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Lets a HorizontalPodAutoscaler choose how many, unless the AIGateway gives a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// What each pod asks for, and may use; as a whole, from here or from the AIGateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The Service in front of the pods.
    #[serde(default)]
    pub service: ServiceDefaults,
    /// Requests in flight have so long to end when a pod stops; 5 minutes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Duration>,
    /// Networks that resources may lead to though they are the pod's, the node's or the cluster's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress_allow: Vec<Network>,
    /// Variables for each pod, such as a proxy's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Labels for each pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_labels: BTreeMap<String, String>,
    /// Annotations for each pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pod_annotations: BTreeMap<String, String>,
    /// Nodes that pods may run on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints that pods tolerate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Where pods rather run, or must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// How pods are spread; over nodes, as far as possible, when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Who goes first when room is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
}

/// The Services in front of the pods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceDefaults {
    /// `LoadBalancer` when left out.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ServiceType>,
    /// Annotations; those of the AIGateway come on top.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// `Local` keeps the clients' addresses; `Cluster` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_traffic_policy: Option<String>,
    /// Which of several load balancers serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer_class: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Defaults;

    #[test]
    fn no_object_and_an_empty_one_are_the_same() {
        assert_eq!(
            serde_json::from_str::<Defaults>("{}").unwrap(),
            Defaults::default()
        );
    }

    #[test]
    fn what_is_not_known_is_refused_and_named() {
        for (text, word) in [
            (r#"{"replica": 2}"#, "replica"),
            (r#"{"service": {"kind": "NodePort"}}"#, "kind"),
            (r#"{"service": {"type": "External"}}"#, "External"),
            (r#"{"drain": "300"}"#, "300"),
            (r#"{"version": "1.0"}"#, "version"),
            (r#"{"egressAllow": ["localhost"]}"#, "localhost"),
        ] {
            let error = serde_json::from_str::<Defaults>(text)
                .unwrap_err()
                .to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
