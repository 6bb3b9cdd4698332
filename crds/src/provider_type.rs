//! Names of provider types, as Kong's and Easegress's users write them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Each type, as users write it, and whether its vendor serves everyone at one address.
macro_rules! provider_types {
    ($($type:ident $name:literal $public:literal,)+) => {
        /// A type of provider, written in any case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is a vendor's name")]
        pub enum ProviderType { $($type,)+ }

        impl ProviderType {
            /// Every type, in the order of their names.
            pub const ALL: &[ProviderType] = &[$(ProviderType::$type,)+];

            /// As users write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(ProviderType::$type => $name,)+ }
            }

            /// Whether the vendor serves everyone at one address, so that a credential is all that it takes.
            pub const fn is_public(self) -> bool {
                match self { $(ProviderType::$type => $public,)+ }
            }
        }
    };
}

provider_types! {
    Anthropic "anthropic" true,
    Azure "azure" false,
    Bedrock "bedrock" false,
    Cohere "cohere" true,
    DeepSeek "deepseek" true,
    Gemini "gemini" true,
    Mistral "mistral" true,
    Ollama "ollama" false,
    OpenAi "openai" true,
    Qwen "qwen" true,
}

impl ProviderType {
    /// Finds a type by its name, in any case.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|t| t.as_str().eq_ignore_ascii_case(name))
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
        let names: Vec<&str> = Self::ALL.iter().map(|t| t.as_str()).collect();
        let names = names.join("|");
        json_schema!({ "type": "string", "maxLength": 32, "pattern": format!("^(?i)({names})$") })
    }

    fn inline_schema() -> bool {
        true
    }
}
