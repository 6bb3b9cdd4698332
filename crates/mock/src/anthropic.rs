//! Anthropic's Messages API.

mod request;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, End};
use crate::check::{self, What, Wrong};
use crate::openai::chat_halves as halves;
use crate::reply::{Call, Refusal, Reply};
use crate::route::{Format, Verb};
use crate::script::{Event, Framing};

/// The credential, in the provider's form: a key, or the token of a subscription.
pub(crate) fn authorize(call: &Call<'_>) -> Result<(), Refusal> {
    call.accept(call.header("x-api-key").or(call.bearer()))?;
    match call.header("anthropic-version") {
        Some(version) if is_date(version) => Ok(()),
        Some(other) => Err(Wrong::value(
            "anthropic-version",
            format!("\"{other}\" is not a valid version"),
        )
        .into()),
        None => Err(Wrong::value("anthropic-version", "header is required").into()),
    }
}

/// SDKs of late 2026 send another version than 2023-06-01, so the list is not closed.
fn is_date(text: &str) -> bool {
    let digits = |range| {
        text.get(range)
            .is_some_and(|t: &str| t.bytes().all(|b| b.is_ascii_digit()))
    };
    let dashes = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    dashes && digits(0..4) && digits(5..7) && digits(8..10)
}

/// The answer of an operation.
pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Refusal> {
    let reply = match &call.verb {
        Verb::Messages | Verb::StreamMessages => messages(call, &body(call)?),
        Verb::CountTokens => {
            let ask = request::count(&body(call)?)?;
            Ok(Reply::json(
                StatusCode::OK,
                &json!({"input_tokens": ask.prompt_tokens.max(1)}),
            ))
        }
        Verb::Models(id) => Ok(models(id.as_deref())),
        _ => Err(Refusal::NoRoute(String::new())),
    }?;
    let reset = "2030-01-01T00:00:00Z";
    Ok(reply
        .header("request-id", &format!("req_mock{}", call.number))
        .header("anthropic-organization-id", "mock")
        .header("anthropic-ratelimit-requests-limit", "4000")
        .header("anthropic-ratelimit-requests-remaining", "3999")
        .header("anthropic-ratelimit-requests-reset", reset)
        .header("anthropic-ratelimit-tokens-limit", "400000")
        .header("anthropic-ratelimit-tokens-remaining", "399000")
        .header("anthropic-ratelimit-tokens-reset", reset))
}

/// The body; on Vertex AI it has a version, and the model only where the path has none (Google's documentation of Claude).
fn body(call: &Call<'_>) -> Result<Value, Wrong> {
    let mut body = check::body(call.body)?;
    let Some(map) = body
        .as_object_mut()
        .filter(|_| call.format == Format::VertexAnthropic)
    else {
        return Ok(body);
    };
    if map.remove("anthropic_version") != Some(json!("vertex-2023-10-16")) {
        return Err(Wrong::missing("anthropic_version"));
    }
    if call.verb != Verb::CountTokens
        && map.insert("model".into(), json!(call.path_model)).is_some()
    {
        return Err(Wrong {
            path: "model".into(),
            what: What::Unknown,
        });
    }
    let streams = call.verb == Verb::StreamMessages;
    if call.verb != Verb::CountTokens && (body["stream"] == true) != streams {
        return Err(Wrong::value("stream", "has to be as the path says"));
    }
    Ok(body)
}

fn models(id: Option<&str>) -> Reply {
    let model = |id: &str| json!({"type": "model", "id": id, "display_name": id, "created_at": "2025-01-01T00:00:00Z"});
    let body = match id {
        Some(id) => model(id),
        None => json!({"data": [model("mock-model")], "has_more": false,
            "first_id": "mock-model", "last_id": "mock-model"}),
    };
    Reply::json(StatusCode::OK, &body)
}

fn messages(call: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    let ask = request::messages(body)?;
    let answer = ask.answer(call.fault);
    let head = message(call, body);
    if body["stream"] == true {
        let error = Event {
            name: Some("error"),
            data: of_status(StatusCode::from_u16(529).unwrap_or_default(), call).to_string(),
        };
        return Ok(Reply::stream(
            Framing::Sse,
            events(call, head, &answer),
            error,
        ));
    }
    let mut whole = head;
    let (reason, sequence) = stop(&answer.end);
    whole["content"] = blocks(call, &answer).into();
    whole["stop_reason"] = json!(reason);
    whole["stop_sequence"] = json!(sequence);
    whole["usage"] = usage(&answer, answer.output);
    Ok(Reply::json(StatusCode::OK, &whole))
}

/// The message before anything is said.
fn message(call: &Call<'_>, body: &Value) -> Value {
    json!({"id": format!("msg_mock{}", call.number), "type": "message", "role": "assistant",
        "model": body["model"], "content": [], "stop_reason": null, "stop_sequence": null})
}

fn blocks(call: &Call<'_>, answer: &Answer) -> Vec<Value> {
    let mut blocks = Vec::new();
    if let Some(reasoning) = &answer.reasoning {
        blocks.push(
            json!({"type": "thinking", "thinking": reasoning, "signature": "bW9jay1zaWduYXR1cmU="}),
        );
    }
    if answer.calls.is_empty() {
        blocks.push(json!({"type": "text", "text": answer.text()}));
    }
    for (i, (name, input)) in answer.calls.iter().enumerate() {
        let id = format!("toolu_mock{}x{i}", call.number);
        blocks.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
    }
    blocks
}

fn stop(end: &End) -> (&str, Option<&str>) {
    match end {
        End::Stop => ("end_turn", None),
        End::Sequence(text) => ("stop_sequence", Some(text)),
        End::Length => ("max_tokens", None),
        End::Tools => ("tool_use", None),
        End::Other(reason) => (reason, None),
    }
}

fn usage(answer: &Answer, output: u64) -> Value {
    json!({"input_tokens": answer.input, "output_tokens": output,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "server_tool_use": null, "service_tier": "standard"})
}

fn events(call: &Call<'_>, mut head: Value, answer: &Answer) -> Vec<Event> {
    head["usage"] = usage(answer, 1);
    let mut out = vec![event("message_start", json!({"message": head}))];
    for (i, block) in blocks(call, answer).iter().enumerate() {
        let (start, deltas) = pieces(block, answer);
        out.push(event(
            "content_block_start",
            json!({"index": i, "content_block": start}),
        ));
        if i == 0 {
            out.push(event("ping", json!({})));
        }
        for delta in deltas {
            out.push(event(
                "content_block_delta",
                json!({"index": i, "delta": delta}),
            ));
        }
        out.push(event("content_block_stop", json!({"index": i})));
    }
    let (reason, sequence) = stop(&answer.end);
    let usage = json!({"output_tokens": answer.output, "input_tokens": answer.input,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0});
    let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
    out.push(event(
        "message_delta",
        json!({"delta": delta, "usage": usage}),
    ));
    out.push(event("message_stop", json!({})));
    out
}

/// A block as it starts, and what is added to it.
fn pieces(block: &Value, answer: &Answer) -> (Value, Vec<Value>) {
    let mut start = block.clone();
    let deltas = match block["type"].as_str() {
        Some("thinking") => {
            start["thinking"] = json!("");
            start["signature"] = json!("");
            let text = block["thinking"].as_str().unwrap_or_default();
            let said = text
                .split_inclusive(' ')
                .map(|t| json!({"type": "thinking_delta", "thinking": t}));
            said.chain([json!({"type": "signature_delta", "signature": block["signature"]})])
                .collect()
        }
        Some("tool_use") => {
            start["input"] = json!({});
            let text = block["input"].to_string();
            let parts = std::iter::once("").chain(halves(&text));
            parts
                .map(|p| json!({"type": "input_json_delta", "partial_json": p}))
                .collect()
        }
        _ => {
            start["text"] = json!("");
            answer
                .pieces
                .iter()
                .map(|t| json!({"type": "text_delta", "text": t}))
                .collect()
        }
    };
    (start, deltas)
}

fn event(name: &'static str, mut data: Value) -> Event {
    data["type"] = json!(name);
    Event {
        name: Some(name),
        data: data.to_string(),
    }
}

/// A refusal, worded as the provider does.
pub(crate) fn refuse(call: &Call<'_>, refusal: &Refusal) -> Reply {
    let (status, body) = match refusal {
        Refusal::NoRoute(_) => (
            StatusCode::NOT_FOUND,
            error(call, "not_found_error", "Not found"),
        ),
        Refusal::NoCredential => {
            let message = "x-api-key header is required";
            (
                StatusCode::UNAUTHORIZED,
                error(call, "authentication_error", message),
            )
        }
        Refusal::WrongCredential => (
            StatusCode::UNAUTHORIZED,
            error(call, "authentication_error", "invalid x-api-key"),
        ),
        Refusal::Wrong(wrong) => (
            StatusCode::BAD_REQUEST,
            error(call, "invalid_request_error", &words_of(wrong)),
        ),
        Refusal::Status(status) => (*status, of_status(*status, call)),
    };
    Reply::json(status, &body).header("request-id", &format!("req_mock{}", call.number))
}

fn words_of(wrong: &Wrong) -> String {
    let at = wrong.path.replace('[', ".").replace(']', "");
    match &wrong.what {
        What::NotJson => "The request body is not valid JSON".to_owned(),
        What::Missing => format!("{at}: Field required"),
        What::Unknown => format!("{at}: Extra inputs are not permitted"),
        What::Type { wanted, .. } => {
            let word = wanted.rsplit(' ').next().unwrap_or(wanted);
            format!(
                "{at}: Input should be a valid {}",
                if word == "array" { "list" } else { word }
            )
        }
        What::Value(reason) => format!("{at}: {reason}"),
    }
}

fn error(call: &Call<'_>, kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message},
        "request_id": format!("req_mock{}", call.number)})
}

fn of_status(status: StatusCode, call: &Call<'_>) -> Value {
    let (kind, message) = match status.as_u16() {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "Your credit balance is too low"),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => ("not_found_error", "model not found"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your rate limit.",
        ),
        504 => ("timeout_error", "Request timed out"),
        529 | 503 => ("overloaded_error", "Overloaded"),
        400..=499 => ("invalid_request_error", "The request was refused by fault."),
        _ => ("api_error", "Internal server error"),
    };
    error(call, kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dates() {
        assert!(is_date("2023-06-01") && is_date("2026-10-21"));
        assert!(!is_date("2023-6-1") && !is_date("latest-one") && !is_date("20230-6-01"));
    }
}
