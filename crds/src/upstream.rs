//! The Upstream kind.

mod auth;
mod connection;
mod models;
mod provider;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::status::Status;

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

/// Exactly one provider, or names of models.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "[has(self.openai), has(self.azureOpenai), has(self.anthropic), has(self.gemini), has(self.vertexAi), \
             has(self.mistral), has(self.cohere), has(self.deepseek), has(self.qwen), has(self.bedrock), \
             has(self.models)].filter(set, set).size() == 1",
    "message": "exactly one of openai, azureOpenai, anthropic, gemini, vertexAi, mistral, cohere, deepseek, qwen, \
                bedrock and models has to be set",
}]))]
pub struct Ai {
    /// OpenAI, or any server that speaks OpenAI's format (with `customHost`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openai: Option<OpenAi>,
    /// Azure OpenAI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure_openai: Option<AzureOpenAi>,
    /// Anthropic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anthropic: Option<Basic>,
    /// Google's Gemini API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gemini: Option<Basic>,
    /// Google's Vertex AI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vertex_ai: Option<VertexAi>,
    /// Mistral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mistral: Option<Basic>,
    /// Cohere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohere: Option<Basic>,
    /// DeepSeek.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deepseek: Option<Basic>,
    /// Qwen, at Alibaba's Model Studio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qwen: Option<Basic>,
    /// AWS Bedrock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bedrock: Option<Bedrock>,
    /// Chooses another Upstream by the name of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Models>,
}

impl UpstreamSpec {
    /// The provider or models, and the path that they stand at.
    pub fn ai(&self) -> Option<(&Ai, &'static str)> {
        let options = self.options.as_ref().map(|o| (&o.ai, "spec.options.ai"));
        self.ai.as_ref().map(|ai| (ai, "spec.ai")).or(options)
    }
}

impl Ai {
    /// The provider's field name and what every provider has, if it is a provider.
    pub fn provider(&self) -> Option<(&'static str, Common<'_>)> {
        let basics = [
            ("anthropic", &self.anthropic),
            ("gemini", &self.gemini),
            ("mistral", &self.mistral),
            ("cohere", &self.cohere),
            ("deepseek", &self.deepseek),
            ("qwen", &self.qwen),
        ];
        if let Some((name, basic)) = basics
            .into_iter()
            .find_map(|(name, b)| b.as_ref().map(|b| (name, b)))
        {
            return Some((name, basic.common()));
        }
        if let Some(openai) = &self.openai {
            return Some(("openai", openai.common()));
        }
        let azure = self
            .azure_openai
            .as_ref()
            .map(|p| ("azureOpenai", p.common()));
        let vertex = self.vertex_ai.as_ref().map(|p| ("vertexAi", p.common()));
        azure
            .or(vertex)
            .or_else(|| self.bedrock.as_ref().map(|p| ("bedrock", p.common())))
    }
}
