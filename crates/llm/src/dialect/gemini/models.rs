//! Gemini's list of models.

use serde_json::{Value, json};

use crate::models::model::Model;

pub(crate) fn list(models: &[Model<'_>]) -> Value {
    let models: Vec<Value> = models.iter().map(one).collect();
    json!({ "models": models })
}

pub(crate) fn one(m: &Model<'_>) -> Value {
    json!({
        "name": format!("models/{}", m.id), "displayName": m.id, "description": m.description, "version": "001",
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    })
}
