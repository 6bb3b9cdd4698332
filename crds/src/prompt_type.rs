//! What a request to an identifier holds.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whether requests hold `messages` or a `prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromptType {
    /// `messages`, as for chat completions.
    Chat,
    /// A `prompt`, as for completions.
    Completions,
}

impl PromptType {
    /// As users write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            PromptType::Chat => "chat",
            PromptType::Completions => "completions",
        }
    }
}

impl Serialize for PromptType {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PromptType {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        [PromptType::Chat, PromptType::Completions]
            .into_iter()
            .find(|t| t.as_str().eq_ignore_ascii_case(&text))
            .ok_or_else(|| {
                serde::de::Error::custom(format!(
                    "promptType {text:?} is neither chat nor completions"
                ))
            })
    }
}

impl JsonSchema for PromptType {
    fn schema_name() -> Cow<'static, str> {
        "PromptType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 16, "pattern": "^(?i)(chat|completions)$" })
    }

    fn inline_schema() -> bool {
        true
    }
}
