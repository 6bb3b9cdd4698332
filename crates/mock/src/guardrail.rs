//! A guardrail webhook, by the contract of docs/guard-webhook.md: `mock-mask` becomes `[MASKED]`, and what has `mock-reject` in it is
//! rejected with 451. It wants no credential.

use http::StatusCode;
use serde_json::{Value, json};

use crate::check::{self, ARR, Field, Nulls, OBJ, STR, may, must, object};
use crate::reply::{Call, Refusal, Reply};
use crate::route::Verb;

const BODY: &[Field] = &[must("body", OBJ)];
const PROMPT: &[Field] = &[must("messages", ARR)];
const ANSWER: &[Field] = &[must("choices", ARR)];
const CHOICE: &[Field] = &[must("message", OBJ)];
const MESSAGE: &[Field] = &[
    must("role", STR),
    must("content", STR),
    may("kind", STR),
    may("before", STR),
];

pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut question = check::body(call.body)?;
    object(&question, "", BODY, Nulls::Absent)?;
    let (list, fields) = match call.verb {
        Verb::GuardAnswer => ("choices", ANSWER),
        _ => ("messages", PROMPT),
    };
    object(&question["body"], "body", fields, Nulls::Absent)?;
    let mut asked = question["body"][list].take();
    let mut action = "pass";
    for (i, item) in asked.as_array_mut().into_iter().flatten().enumerate() {
        let at = format!("body.{list}[{i}]");
        let message = if list == "choices" {
            object(item, &at, CHOICE, Nulls::Absent)?;
            &mut item["message"]
        } else {
            item
        };
        object(message, &at, MESSAGE, Nulls::Absent)?;
        let text = message["content"].as_str().unwrap_or_default().to_owned();
        if text.contains("mock-reject") {
            action = "reject";
        } else if text.contains("mock-mask") && action == "pass" {
            action = "mask";
        }
        *message =
            json!({ "role": message["role"], "content": text.replace("mock-mask", "[MASKED]") });
    }
    let answer: Value = match action {
        "pass" => json!({ "action": { "reason": "nothing found" } }),
        "mask" => json!({ "action": { "body": { list: asked }, "reason": "a word" } }),
        _ => {
            json!({ "action": { "body": "Not that, please.", "status_code": 451, "reason": "a word" } })
        }
    };
    Ok(Reply::json(StatusCode::OK, &answer))
}

/// In words that nobody has to read.
pub(crate) fn refuse(refusal: &Refusal) -> Reply {
    Reply::json(
        StatusCode::BAD_REQUEST,
        &json!({ "error": format!("{refusal:?}") }),
    )
}
