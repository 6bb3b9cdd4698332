//! The AIGateway kind: a whole gateway in one object.

mod data_plane;
mod language_model;
mod listener;
mod provider;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_policy::spec::Spec;
use sluice_vocab::Duration;

use crate::reference::NAME;
use crate::status::AIGatewayStatus;

pub use data_plane::{Autoscaling, DataPlane, DataPlaneService, Resources, ServiceType};
pub use language_model::{CloudHosted, CloudProvider, DefaultPromptParams, LargeLanguageModels};
pub use listener::Listener;
pub use provider::{CredentialsKind, CredentialsRef, ModelRoute, NamedProvider, NoAuthToken};

/// Identifiers that are paths of the gateway itself.
pub const RESERVED_IDENTIFIERS: [&str; 8] = [
    "v1",
    "v1beta",
    "openai",
    "anthropic",
    "gemini",
    "messages",
    "health",
    "metrics",
];

/// A whole gateway in one object.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "sluice.dev",
    version = "v1alpha1",
    kind = "AIGateway",
    plural = "aigateways",
    namespaced,
    status = "AIGatewayStatus",
    shortname = "aigw",
    category = "sluice",
    derive = "PartialEq",
    doc = "A whole AI gateway in one object: expands into a Gateway, HTTPRoutes, Upstreams and RoutePolicies.",
    validation = ("self.metadata.name.size() <= 63", "the name of an AIGateway has 63 characters at most"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "Address", type_ = "string", json_path = ".status.addresses[0].value", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AIGatewaySpec {
    /// The GatewayClass; `sluice` when left out.
    #[serde(default = "class")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub gateway_class_name: String,
    /// Where clients connect; HTTP on port 80 when left out.
    #[serde(default = "listeners")]
    #[schemars(length(min = 1, max = 16))]
    pub listeners: Vec<Listener>,
    /// Models that each have a path of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_language_models: Option<LargeLanguageModels>,
    /// A Secret whose keys are names of providers, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_provider_credentials: Option<CredentialsRef>,
    /// Providers by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub providers: Vec<NamedProvider>,
    /// Names of models, and which provider serves each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub models: Vec<ModelRoute>,
    /// The provider of models that nothing else names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub default_provider: Option<String>,
    /// How long a request may take; for streams, the first byte and every pause. 10 minutes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self.matches('[1-9]')",
        "message": "no request ends in no time: write 1ms or more, or leave it out for 10m",
    }]))]
    pub timeout: Option<Duration>,
    /// Policies for the whole gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Spec>,
    /// How the data planes run. Without Kubernetes it has no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_plane: Option<DataPlane>,
}

impl Default for AIGatewaySpec {
    fn default() -> Self {
        Self {
            gateway_class_name: class(),
            listeners: listeners(),
            large_language_models: None,
            cloud_provider_credentials: None,
            providers: Vec::new(),
            models: Vec::new(),
            default_provider: None,
            timeout: None,
            policy: None,
            data_plane: None,
        }
    }
}

fn class() -> String {
    crate::CLASS.to_owned()
}

fn listeners() -> Vec<Listener> {
    vec![Listener::default()]
}
