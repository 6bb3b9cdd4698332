//! Models that each have a path of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_policy::enrichment::Message;

use crate::{PromptType, UpstreamRef};

/// Models that each have a path of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LargeLanguageModels {
    /// Models of providers.
    #[schemars(
        length(min = 1, max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["identifier"])
    )]
    pub cloud_hosted: Vec<CloudHosted>,
}

/// A model at `/<identifier>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [
    {
        "rule": "has(self.aiCloudProvider) != has(self.upstreamRef)",
        "message": "exactly one of aiCloudProvider and upstreamRef has to be set",
    },
    {
        "rule": "!(self.identifier in ['v1', 'v1beta', 'openai', 'anthropic', 'gemini', 'messages', 'health', 'metrics'])",
        "message": "the identifier is a path of the gateway itself: choose another than v1, v1beta, openai, anthropic, \
                    gemini, messages, health and metrics",
        "fieldPath": ".identifier",
    },
]))]
pub struct CloudHosted {
    /// The path that it is called at, and a name for it.
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub identifier: String,
    /// The provider's name of the model; the request's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub model: Option<String>,
    /// `chat` or `completions`; seen from the request when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_type: Option<PromptType>,
    /// Put before the request's messages, or its prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub default_prompts: Vec<Message>,
    /// Used when the request does not set them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_prompt_params: Option<DefaultPromptParams>,
    /// The provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_cloud_provider: Option<CloudProvider>,
    /// An Upstream instead of a provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_ref: Option<UpstreamRef>,
}

/// A provider by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloudProvider {
    /// An entry of `providers`, or a type of provider.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
}

/// Parameters of the model. Numbers with a point are strings, as in Kong's schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DefaultPromptParams {
    /// How much chance there is in the answer, as a string such as "0.7".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub temperature: Option<String>,
    /// Longest answer, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_tokens: Option<i64>,
    /// How many of the likeliest tokens are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub top_k: Option<i64>,
    /// Share of probability that is looked at, as a string such as "0.9".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), regex(pattern = r"^[0-9]+(\.[0-9]+)?$"))]
    pub top_p: Option<String>,
}
