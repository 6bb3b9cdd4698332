//! Whether a request that doesn't say so is meant to stream.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `CHAT` or `CHAT_STREAMING`: the default for requests that don't say. An explicit `stream` wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteType {
    /// One answer.
    Chat,
    /// Server-sent events.
    ChatStreaming,
}

impl RouteType {
    /// As users write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            RouteType::Chat => "CHAT",
            RouteType::ChatStreaming => "CHAT_STREAMING",
        }
    }
}

impl Serialize for RouteType {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RouteType {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        [RouteType::Chat, RouteType::ChatStreaming]
            .into_iter()
            .find(|t| t.as_str().eq_ignore_ascii_case(&text))
            .ok_or_else(|| {
                serde::de::Error::custom(format!(
                    "routeType {text:?} is neither CHAT nor CHAT_STREAMING"
                ))
            })
    }
}

impl JsonSchema for RouteType {
    fn schema_name() -> Cow<'static, str> {
        "RouteType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Whether requests that don't say so are meant to stream; an explicit `stream` wins.",
            "enum": ["CHAT", "CHAT_STREAMING"]
        })
    }

    fn inline_schema() -> bool {
        true
    }
}
