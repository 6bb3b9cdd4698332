//! The list of models in each format's shape.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::Format;

/// One model of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model<'a> {
    /// The name that callers use.
    pub id: &'a str,
    /// Who serves it.
    pub owner: &'a str,
    /// For people; may be empty.
    pub description: &'a str,
}

/// `GET /v1/models` and its like.
pub fn list(format: Format, models: &[Model<'_>]) -> Bytes {
    let data: Vec<Value> = models.iter().map(|m| value(format, m)).collect();
    match format {
        // Codex looks for `models`, everybody else for `data`.
        Format::OpenAi | Format::Bedrock | Format::Cohere => {
            json!({ "object": "list", "data": data, "models": [] })
        }
        Format::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": models.first().map(|m| m.id),
            "last_id": models.last().map(|m| m.id),
        }),
        Format::Gemini => json!({ "models": data }),
    }
    .to_string()
    .into()
}

/// `GET /v1/models/{id}` and its like.
pub fn one(format: Format, model: &Model<'_>) -> Bytes {
    value(format, model).to_string().into()
}

fn value(format: Format, m: &Model<'_>) -> Value {
    match format {
        Format::OpenAi | Format::Bedrock | Format::Cohere => {
            json!({ "id": m.id, "object": "model", "created": 0, "owned_by": m.owner })
        }
        Format::Anthropic => json!({
            "type": "model", "id": m.id, "display_name": m.id, "created_at": "1970-01-01T00:00:00Z",
        }),
        Format::Gemini => json!({
            "name": format!("models/{}", m.id), "displayName": m.id, "description": m.description, "version": "001",
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }),
    }
}
