//! Anthropic's list of models.

use serde_json::{Value, json};

use crate::models::model::Model;

pub(crate) fn list(models: &[Model<'_>]) -> Value {
    let data: Vec<Value> = models.iter().map(one).collect();
    json!({
        "data": data,
        "has_more": false,
        "first_id": models.first().map(|m| m.id),
        "last_id": models.last().map(|m| m.id),
    })
}

pub(crate) fn one(m: &Model<'_>) -> Value {
    json!({
        "type": "model", "id": m.id, "display_name": m.id, "created_at": "1970-01-01T00:00:00Z",
    })
}
