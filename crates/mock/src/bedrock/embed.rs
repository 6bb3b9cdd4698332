//! `InvokeModel` of models that give vectors: Amazon's Titan and Cohere's.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::words;
use crate::check::{ARR, BOOL, Field, INT, Nulls, STR, Wrong, may, must, object};
use crate::cohere::vectors;
use crate::openai::embedding;
use crate::reply::{Call, Refusal, Reply};

/// Titan Text Embeddings V2.
const TITAN: &[Field] = &[
    must("inputText", STR),
    may("dimensions", INT),
    may("normalize", BOOL),
    may("embeddingTypes", ARR),
];
/// Titan Embeddings G1.
const TITAN_G1: &[Field] = &[must("inputText", STR)];
const COHERE: &[Field] = &[
    must("input_type", STR),
    may("texts", ARR),
    may("images", ARR),
    may("truncate", STR),
    may("embedding_types", ARR),
    may("output_dimension", INT),
    may("max_tokens", INT),
];

pub(super) fn answer(call: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    let model = call.path_model.as_deref().unwrap_or_default();
    if model.contains("titan-embed") {
        return Ok(titan(body, model.contains("-v2"))?);
    }
    if !model.contains("cohere.embed") {
        return Err(Refusal::NoRoute(model.to_owned()));
    }
    object(body, "", COHERE, Nulls::Refused)?;
    let (vectors, tokens) = vectors(body)?;
    let mut whole = json!({"id": "mock-embed", "texts": body["texts"]});
    if body["embedding_types"].is_array() {
        whole["response_type"] = json!("embeddings_by_type");
        whole["embeddings"] = json!({"float": vectors});
    } else {
        whole["response_type"] = json!("embeddings_floats");
        whole["embeddings"] = json!(vectors);
    }
    // These models count nothing in their answers.
    let reply = Reply::json(StatusCode::OK, &whole);
    Ok(reply.header("x-amzn-bedrock-input-token-count", &tokens.to_string()))
}

fn titan(body: &Value, second: bool) -> Result<Reply, Wrong> {
    object(
        body,
        "",
        if second { TITAN } else { TITAN_G1 },
        Nulls::Refused,
    )?;
    let text = body["inputText"].as_str().unwrap_or_default();
    let size = body["dimensions"].as_u64().unwrap_or(1024);
    if ![256, 512, 1024].contains(&size) {
        return Err(Wrong::value(
            "dimensions",
            "Malformed input request: dimensions is not a valid enum value",
        ));
    }
    let vector = embedding(text, usize::try_from(size).unwrap_or_default());
    let mut whole = json!({"embedding": vector, "inputTextTokenCount": words(text)});
    if second {
        whole["embeddingsByType"] = json!({"float": vector});
    }
    Ok(Reply::json(StatusCode::OK, &whole))
}
