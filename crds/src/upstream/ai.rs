//! Which provider an Upstream is, if it is one: the one list of the fields below `spec.ai`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AzureOpenAi, Basic, Bedrock, Common, Models, OpenAi, VertexAi};

/// Each provider's field, its name as users write it, and its type. What is here can be written, is counted by the CEL rule, and is found
/// by [`Ai::provider`].
macro_rules! providers {
    ($($(#[doc = $doc:literal])+ $field:ident $name:literal: $type:ty,)+) => {
        /// Exactly one provider, or names of models.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(extend("x-kubernetes-validations" = [{ "rule": rule(), "message": message() }]))]
        pub struct Ai {
            $(
                $(#[doc = $doc])+
                #[serde(default, skip_serializing_if = "Option::is_none", rename = $name)]
                pub $field: Option<$type>,
            )+
            /// Chooses another Upstream by the name of the model.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub models: Option<Models>,
        }

        impl Ai {
            /// Names of the providers, each of them in the registry of `sluice_llm` too.
            pub const PROVIDERS: &[&str] = &[$($name),+];

            /// The provider's field name and what every provider has, if it is a provider.
            pub fn provider(&self) -> Option<(&'static str, Common<'_>)> {
                $(
                    if let Some(provider) = &self.$field {
                        return Some(($name, provider.common()));
                    }
                )+
                None
            }
        }
    };
}

providers! {
    /// OpenAI, or any server that speaks OpenAI's format (with `customHost`).
    openai "openai": OpenAi,
    /// Azure OpenAI.
    azure_openai "azureOpenai": AzureOpenAi,
    /// Anthropic.
    anthropic "anthropic": Basic,
    /// Google's Gemini API.
    gemini "gemini": Basic,
    /// Google's Vertex AI.
    vertex_ai "vertexAi": VertexAi,
    /// Mistral.
    mistral "mistral": Basic,
    /// Cohere.
    cohere "cohere": Basic,
    /// DeepSeek.
    deepseek "deepseek": Basic,
    /// Qwen, at Alibaba's Model Studio.
    qwen "qwen": Basic,
    /// AWS Bedrock.
    bedrock "bedrock": Bedrock,
}

/// Counts what is set.
fn rule() -> String {
    let set = Ai::PROVIDERS.iter().chain(&["models"]);
    let set: Vec<String> = set.map(|name| format!("has(self.{name})")).collect();
    format!("[{}].filter(set, set).size() == 1", set.join(", "))
}

fn message() -> String {
    format!(
        "exactly one of {} and models has to be set",
        Ai::PROVIDERS.join(", ")
    )
}
