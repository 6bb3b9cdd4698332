//! How a gateway proves itself to a provider.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Inline, SecretRef};

/// The credential for a provider: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "[has(self.secretRef), has(self.inline), has(self.passthrough), has(self.workloadIdentity)].filter(set, set).size() == 1",
    "message": "exactly one of secretRef, inline, passthrough and workloadIdentity has to be set",
}]))]
pub struct AuthToken {
    /// From a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// Written here, where everyone who may read this object sees it. For trying things out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<Inline>,
    /// The caller's own credential goes to the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passthrough: Option<Passthrough>,
    /// The data plane's own identity in the provider's cloud: of vertexAi Application Default Credentials (the metadata server, GKE's
    /// Workload Identity), of bedrock a web identity (IAM roles for service accounts) or EKS Pod Identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<WorkloadIdentity>,
}

/// The caller's own credential goes to the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Passthrough {}

/// The data plane's own identity in the provider's cloud.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkloadIdentity {}
