//! `/v1/moderations`: what says "kill" is flagged (openai-python, `types/moderation_create_params.py`, `types/moderation.py`).

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::check::{ARR, Field, Nulls, STR, Wrong, may, must, object};
use crate::reply::{Call, Refusal, Reply};

const REQUEST: &[Field] = &[must("input", STR | ARR), may("model", STR)];

const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

pub(super) fn answer(call: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    object(body, "", REQUEST, Nulls::Absent)?;
    let input = &body["input"];
    let inputs = input
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![input.clone()]);
    let texts: Option<Vec<&str>> = inputs.iter().map(Value::as_str).collect();
    let wrong = || Wrong::value("input", "'$.input' is invalid.").into();
    let texts: Vec<&str> = texts.filter(|texts| !texts.is_empty()).ok_or_else(wrong)?;
    if texts.iter().any(|text| text.is_empty()) {
        return Err(wrong());
    }
    let results: Vec<Value> = texts.into_iter().map(judged).collect();
    let model = body["model"].as_str().unwrap_or("omni-moderation-latest");
    let id = format!("modr-mock{}", call.number);
    Ok(Reply::json(
        StatusCode::OK,
        &json!({"id": id, "model": model, "results": results}),
    ))
}

fn judged(text: &str) -> Value {
    let flagged = text.to_lowercase().contains("kill");
    let is = |category: &str| flagged && category == "violence";
    let map = |value: &dyn Fn(&str) -> Value| -> Map<String, Value> {
        CATEGORIES
            .iter()
            .map(|category| ((*category).to_owned(), value(category)))
            .collect()
    };
    json!({
        "flagged": flagged,
        "categories": map(&|c| is(c).into()),
        "category_scores": map(&|c| if is(c) { json!(0.97) } else { json!(0.0001) }),
        "category_applied_input_types": map(&|_| json!(["text"])),
    })
}
