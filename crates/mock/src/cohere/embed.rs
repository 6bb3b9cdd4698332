//! `/v2/embed`, and the same model on Bedrock.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::words;
use crate::check::{ARR, Field, INT, Nulls, STR, Wrong, may, must, object, one_of};
use crate::openai::embedding;
use crate::reply::{Refusal, Reply};

const EMBED: &[Field] = &[
    must("model", STR),
    must("input_type", STR),
    may("texts", ARR),
    may("images", ARR),
    may("inputs", ARR),
    may("max_tokens", INT),
    may("output_dimension", INT),
    may("embedding_types", ARR),
    may("truncate", STR),
    may("priority", INT),
];

/// Most texts of one request.
const MAX_TEXTS: usize = 96;
/// The length of vectors, unless `output_dimension` says otherwise.
const DIMENSIONS: u64 = 64;

pub(super) fn answer(body: &Value) -> Result<Reply, Refusal> {
    object(body, "", EMBED, Nulls::Absent)?;
    let (vectors, tokens) = vectors(body)?;
    let whole = json!({"id": "mock-embed", "response_type": "embeddings_by_type", "texts": body["texts"],
        "embeddings": {"float": vectors},
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}}});
    Ok(Reply::json(StatusCode::OK, &whole))
}

/// The vectors of `texts`, and how many tokens those have.
pub(crate) fn vectors(body: &Value) -> Result<(Vec<Vec<f32>>, u64), Wrong> {
    let types = [
        "search_document",
        "search_query",
        "classification",
        "clustering",
        "image",
    ];
    one_of(&body["input_type"], "input_type", &types)?;
    let texts: Vec<&str> = body["texts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if texts.is_empty() {
        return Err(Wrong::value(
            "texts",
            "at least one of texts, images or inputs must be specified",
        ));
    }
    if texts.len() > MAX_TEXTS {
        let message = format!(
            "total number of texts must be at most {MAX_TEXTS} - received {}",
            texts.len()
        );
        return Err(Wrong::value("texts", message));
    }
    let size = body["output_dimension"]
        .as_u64()
        .unwrap_or(DIMENSIONS)
        .clamp(1, 4096);
    let size = usize::try_from(size).unwrap_or_default();
    let tokens = texts.iter().map(|text| words(text)).sum();
    Ok((
        texts.iter().map(|text| embedding(text, size)).collect(),
        tokens,
    ))
}
