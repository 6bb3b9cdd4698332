//! Names of provider types, as Kong's and Easegress's users write them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type of provider, written in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is a vendor's name")]
pub enum ProviderType {
    Anthropic,
    Azure,
    Bedrock,
    Cohere,
    DeepSeek,
    Gemini,
    Mistral,
    Ollama,
    OpenAi,
    Qwen,
}

impl ProviderType {
    /// Every type, in the order of their names.
    pub const ALL: [ProviderType; 10] = [
        ProviderType::Anthropic,
        ProviderType::Azure,
        ProviderType::Bedrock,
        ProviderType::Cohere,
        ProviderType::DeepSeek,
        ProviderType::Gemini,
        ProviderType::Mistral,
        ProviderType::Ollama,
        ProviderType::OpenAi,
        ProviderType::Qwen,
    ];

    /// As users write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ProviderType::Anthropic => "anthropic",
            ProviderType::Azure => "azure",
            ProviderType::Bedrock => "bedrock",
            ProviderType::Cohere => "cohere",
            ProviderType::DeepSeek => "deepseek",
            ProviderType::Gemini => "gemini",
            ProviderType::Mistral => "mistral",
            ProviderType::Ollama => "ollama",
            ProviderType::OpenAi => "openai",
            ProviderType::Qwen => "qwen",
        }
    }

    /// Finds a type by its name, in any case.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|t| t.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether the vendor serves everyone at one address, so that a credential is all that it takes.
    pub const fn is_public(self) -> bool {
        match self {
            ProviderType::Anthropic
            | ProviderType::Cohere
            | ProviderType::DeepSeek
            | ProviderType::Gemini
            | ProviderType::Mistral
            | ProviderType::OpenAi
            | ProviderType::Qwen => true,
            ProviderType::Azure | ProviderType::Bedrock | ProviderType::Ollama => false,
        }
    }
}

impl fmt::Display for ProviderType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ProviderType {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ProviderType {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::find(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no type of provider")))
    }
}

impl JsonSchema for ProviderType {
    fn schema_name() -> Cow<'static, str> {
        "ProviderType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = Self::ALL.map(Self::as_str).join("|");
        json_schema!({ "type": "string", "maxLength": 32, "pattern": format!("^(?i)({names})$") })
    }

    fn inline_schema() -> bool {
        true
    }
}
