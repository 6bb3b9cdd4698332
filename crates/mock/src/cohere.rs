//! Cohere's own API, version 2: chat and embed.

mod embed;
mod request;

pub(crate) use embed::vectors;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, End};
use crate::check::{self, What, Wrong};
use crate::openai::chat_halves as halves;
use crate::reply::{Call, Refusal, Reply};
use crate::route::Verb;
use crate::script::{Event, Framing};

/// The answer of an operation.
pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = check::body(call.body)?;
    if call.verb == Verb::Embed {
        return embed::answer(&body);
    }
    let answer = request::chat(&body)?.answer(call.fault);
    if body["stream"] != true {
        return Ok(Reply::json(StatusCode::OK, &whole(call, &answer)));
    }
    let delta =
        json!({"finish_reason": "ERROR", "error": "internal server error, this has been reported"});
    let error = event("message-end", json!({"id": id(call), "delta": delta}));
    Ok(Reply::stream(Framing::Sse, events(call, &answer), error))
}

fn id(call: &Call<'_>) -> String {
    format!("mock-{}", call.number)
}

fn call_id(call: &Call<'_>, answer: &Answer, i: usize) -> String {
    format!("{}_mock{}x{i}", answer.calls[i].0, call.number)
}

fn finish(end: &End) -> &str {
    match end {
        End::Stop => "COMPLETE",
        End::Sequence(_) => "STOP_SEQUENCE",
        End::Length => "MAX_TOKENS",
        End::Tools => "TOOL_CALL",
        End::Other(reason) => reason,
    }
}

/// Numbers with a point, and less billed than read.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn usage(answer: &Answer) -> Value {
    let (input, output) = (answer.input as f64, answer.output as f64);
    json!({"billed_units": {"input_tokens": 1.0, "output_tokens": output},
        "tokens": {"input_tokens": input, "output_tokens": output}, "cached_tokens": 0.0})
}

fn plan(answer: &Answer) -> Option<String> {
    answer
        .calls
        .first()
        .map(|(name, _)| format!("I will use {name}."))
}

fn whole(call: &Call<'_>, answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant"});
    let mut content = Vec::new();
    if let Some(reasoning) = &answer.reasoning {
        content.push(json!({"type": "thinking", "thinking": reasoning}));
    }
    if let Some(plan) = plan(answer) {
        message["tool_plan"] = json!(plan);
        let calls = answer
            .calls
            .iter()
            .enumerate()
            .map(|(i, (name, arguments))| {
                json!({"id": call_id(call, answer, i), "type": "function",
                "function": {"name": name, "arguments": arguments.to_string()}})
            });
        message["tool_calls"] = calls.collect();
    } else {
        content.push(json!({"type": "text", "text": answer.text()}));
    }
    if !content.is_empty() {
        message["content"] = json!(content);
    }
    let mut whole =
        json!({"id": id(call), "finish_reason": finish(&answer.end), "message": message});
    if !call.fault.no_usage {
        whole["usage"] = usage(answer);
    }
    whole
}

/// The name stands in the data, too.
fn event(name: &'static str, mut data: Value) -> Event {
    data["type"] = json!(name);
    Event {
        name: Some(name),
        data: data.to_string(),
    }
}

fn events(call: &Call<'_>, answer: &Answer) -> Vec<Event> {
    let start = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
    let mut out = vec![event(
        "message-start",
        json!({"id": id(call), "delta": {"message": start}}),
    )];
    let mut block = 0;
    let thoughts: Vec<&str> = answer
        .reasoning
        .iter()
        .flat_map(|r| r.split_inclusive(' '))
        .collect();
    if !thoughts.is_empty() {
        contents(&mut out, &mut block, "thinking", &thoughts);
    }
    if let Some(plan) = plan(answer) {
        for piece in halves(&plan) {
            out.push(event(
                "tool-plan-delta",
                json!({"delta": {"message": {"tool_plan": piece}}}),
            ));
        }
    } else {
        let pieces: Vec<&str> = answer.pieces.iter().map(String::as_str).collect();
        contents(&mut out, &mut block, "text", &pieces);
    }
    for (i, (name, arguments)) in answer.calls.iter().enumerate() {
        let about = |calls: Value| json!({"index": i, "delta": {"message": {"tool_calls": calls}}});
        let function = json!({"name": name, "arguments": ""});
        let start =
            json!({"id": call_id(call, answer, i), "type": "function", "function": function});
        out.push(event("tool-call-start", about(start)));
        for piece in halves(&arguments.to_string()) {
            out.push(event(
                "tool-call-delta",
                about(json!({"function": {"arguments": piece}})),
            ));
        }
        out.push(event("tool-call-end", json!({"index": i})));
    }
    let mut delta = json!({"finish_reason": finish(&answer.end)});
    if !call.fault.no_usage {
        delta["usage"] = usage(answer);
    }
    out.push(event(
        "message-end",
        json!({"id": id(call), "delta": delta}),
    ));
    out
}

fn contents(out: &mut Vec<Event>, block: &mut u32, kind: &str, pieces: &[&str]) {
    let about =
        |content: Value| json!({"index": *block, "delta": {"message": {"content": content}}});
    out.push(event(
        "content-start",
        about(json!({"type": kind, kind: ""})),
    ));
    for piece in pieces {
        out.push(event("content-delta", about(json!({kind: piece}))));
    }
    out.push(event("content-end", json!({"index": *block})));
    *block += 1;
}

/// A refusal, worded as the provider does.
pub(crate) fn refuse(call: &Call<'_>, refusal: &Refusal) -> Reply {
    let (status, message) = match refusal {
        Refusal::NoRoute(what) => (StatusCode::NOT_FOUND, format!("404 page not found: {what}")),
        Refusal::NoCredential => (StatusCode::UNAUTHORIZED, "no api key supplied".to_owned()),
        Refusal::WrongCredential => (StatusCode::UNAUTHORIZED, "invalid api token".to_owned()),
        Refusal::Wrong(wrong) => words_of(wrong),
        Refusal::Status(status) => {
            let message = match status.as_u16() {
                429 => {
                    "You are past the per minute request limit, please wait and try again later."
                }
                404 => {
                    "model not found, make sure the correct model ID was used and that you have access to the model."
                }
                500.. => "internal server error, this has been reported",
                _ => "The request was refused by fault.",
            };
            (*status, message.to_owned())
        }
    };
    Reply::json(status, &json!({"id": id(call), "message": message}))
}

fn words_of(wrong: &Wrong) -> (StatusCode, String) {
    let at = &wrong.path;
    let message = match &wrong.what {
        What::Unknown => {
            let message = format!("unknown field: parameter '{at}' is not a valid field");
            return (StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        What::NotJson => "invalid request: could not parse the body".to_owned(),
        What::Missing => format!("invalid request: {at} is required"),
        What::Type { wanted, got } => {
            format!("invalid type: parameter '{at}' is {got}, and has to be {wanted}")
        }
        What::Value(reason) => format!("invalid request: {reason}"),
    };
    (StatusCode::BAD_REQUEST, message)
}
