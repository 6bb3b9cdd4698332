//! Providers and models by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::NAME;
use crate::upstream::Header;
use crate::{Inline, ProviderType, SecretRef, UpstreamRef};

/// A Secret whose keys are names of providers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialsRef {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
    /// The Secret's namespace; the object's own when left out. Another one needs a ReferenceGrant there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = NAME))]
    pub namespace: Option<String>,
    /// Always `Secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<CredentialsKind>,
}

/// Kinds that hold credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CredentialsKind {
    /// A Secret.
    Secret,
}

/// That requests go without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NoAuthToken {
    /// Without one.
    None,
}

/// A provider by a name of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!(has(self.apiKey) && has(self.apiKeySecretRef))",
    "message": "at most one of apiKey and apiKeySecretRef may be set",
}, {
    "rule": "!(has(self.authToken) && (has(self.apiKey) || has(self.apiKeySecretRef)))",
    "message": "authToken: none leaves no room for apiKey or apiKeySecretRef",
}]))]
pub struct NamedProvider {
    /// The name that models and identifiers use.
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub name: String,
    /// What kind of provider it is.
    pub provider_type: ProviderType,
    /// Another address than the public one, with or without a trailing `/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "baseURL")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = r"^https?://[^\s?#@]+$"))]
    pub base_url: Option<String>,
    /// The credential itself, where everyone who may read this object sees it. For trying things out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Inline>,
    /// The credential, from a Secret. Without either, `cloudProviderCredentials` is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_secret_ref: Option<SecretRef>,
    /// `none` for a server that wants no credential: then `cloudProviderCredentials` is not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_token: Option<NoAuthToken>,
    /// Sent with every request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub headers: Vec<Header>,
    /// Azure: host of the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^(https://)?[A-Za-z0-9.-]+/?$")
    )]
    pub endpoint: Option<String>,
    /// Azure: name of the deployment.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        rename = "deploymentID"
    )]
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[A-Za-z0-9._-]+$"))]
    pub deployment_id: Option<String>,
    /// Azure: version of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9._-]+$"))]
    pub api_version: Option<String>,
}

/// A name of a model, and what serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.provider) != has(self.upstreamRef)",
    "message": "exactly one of provider and upstreamRef has to be set",
}]))]
pub struct ModelRoute {
    /// The name that callers use; may hold one `*`.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[^*\s]*\*?[^*\s]*$"))]
    pub name: String,
    /// An entry of `providers`, or a type of provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub provider: Option<String>,
    /// An Upstream instead of a provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_ref: Option<UpstreamRef>,
    /// Sent instead of the caller's name; `*` stands for what the wildcard caught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub model: Option<String>,
    /// What the list of models says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
}
