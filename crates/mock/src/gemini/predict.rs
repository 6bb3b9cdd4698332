//! Vertex AI's `predict` of models that give vectors.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::words;
use crate::check::{ARR, BOOL, INT, Nulls, OBJ, STR, Wrong, may, must, object, one_of};
use crate::openai::embedding;
use crate::reply::{Call, Reply};

/// What vectors may be for.
const TASKS: [&str; 8] = [
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub(super) fn answer(call: &Call<'_>, body: &Value) -> Result<Reply, Wrong> {
    object(
        body,
        "",
        &[must("instances", ARR), may("parameters", OBJ)],
        Nulls::Absent,
    )?;
    let parameters = &body["parameters"];
    if !parameters.is_null() {
        let fields = [may("outputDimensionality", INT), may("autoTruncate", BOOL)];
        object(parameters, "parameters", &fields, Nulls::Absent)?;
    }
    let size = parameters["outputDimensionality"]
        .as_u64()
        .unwrap_or(64)
        .clamp(1, 4096);
    let instances = body["instances"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if instances.is_empty() {
        return Err(Wrong::value("instances", "No instances were given."));
    }
    let is_gemini = call
        .path_model
        .as_deref()
        .is_some_and(|model| model.starts_with("gemini-embedding"));
    if is_gemini && instances.len() > 1 {
        let message = "The model supports one instance per request.";
        return Err(Wrong::value("instances", message));
    }
    let mut predictions = Vec::new();
    for (i, instance) in instances.iter().enumerate() {
        let at = format!("instances[{i}]");
        object(
            instance,
            &at,
            &[
                must("content", STR),
                may("task_type", STR),
                may("title", STR),
            ],
            Nulls::Absent,
        )?;
        one_of(&instance["task_type"], &format!("{at}.task_type"), &TASKS)?;
        let text = instance["content"].as_str().unwrap_or_default();
        let statistics = json!({"token_count": words(text) as f64, "truncated": false});
        let values = embedding(text, usize::try_from(size).unwrap_or_default());
        predictions.push(json!({"embeddings": {"values": values, "statistics": statistics}}));
    }
    let metadata = json!({"billableCharacterCount": 1});
    Ok(Reply::json(
        StatusCode::OK,
        &json!({"predictions": predictions, "metadata": metadata}),
    ))
}
