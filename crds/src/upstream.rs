//! The Upstream kind.

mod ai;
mod auth;
mod connection;
mod models;
mod provider;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status::Status;

pub use ai::Ai;
pub use auth::{AuthToken, Passthrough, WorkloadIdentity};
pub use connection::{CaCertificate, CustomHost, Header, Proxy, ProxyMode, Tls};
pub use models::{Entry, Models};
pub use provider::{Api, AzureOpenAi, Basic, Bedrock, Common, OpenAi, VertexAi};

/// Where model requests go.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "sluice.dev",
    version = "v1alpha1",
    kind = "Upstream",
    plural = "upstreams",
    namespaced,
    status = "Status",
    shortname = "upstream",
    category = "sluice",
    derive = "PartialEq",
    doc = "Where model requests go: a provider, or names of models that lead to other Upstreams.",
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [
    { "rule": "has(self.ai) != has(self.options)", "message": "exactly one of ai and options.ai has to be set" },
]))]
pub struct UpstreamSpec {
    /// The provider, or the names of models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai: Option<Ai>,
    /// An older spelling: `options.ai` means `ai`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// An older spelling.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The same as `spec.ai`.
    pub ai: Ai,
}

impl UpstreamSpec {
    /// The provider or models, and the path that they stand at.
    pub fn ai(&self) -> Option<(&Ai, &'static str)> {
        let options = self.options.as_ref().map(|o| (&o.ai, "spec.options.ai"));
        self.ai.as_ref().map(|ai| (ai, "spec.ai")).or(options)
    }
}
