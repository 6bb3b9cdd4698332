//! OpenAI's list of models.

use serde_json::{Value, json};

use crate::models::model::Model;

pub(crate) fn list(models: &[Model<'_>]) -> Value {
    let data: Vec<Value> = models.iter().map(one).collect();
    // Codex looks for `models`, everybody else for `data`.
    json!({ "object": "list", "data": data, "models": [] })
}

pub(crate) fn one(m: &Model<'_>) -> Value {
    json!({ "id": m.id, "object": "model", "created": 0, "owned_by": m.owner })
}
