//! Amazon Bedrock's Converse, and `InvokeModel` for vectors.

mod embed;
mod frame;
mod request;
mod signature;

pub(crate) use frame::frame;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, End};
use crate::check::{self, What, Wrong};
use crate::openai::chat_halves as halves;
use crate::reply::{Call, Refusal, Reply};
use crate::route::Verb;
use crate::script::{Event, Framing};

/// The credential: an API key as a bearer token, or a signature by the mock's own keys.
pub(crate) fn authorize(call: &Call<'_>) -> Result<(), Refusal> {
    match call.header("authorization") {
        Some(value) if value.starts_with("AWS4-HMAC-SHA256 ") => {
            if signature::is_right(call, value) {
                Ok(())
            } else {
                Err(Refusal::WrongCredential)
            }
        }
        _ => call.accept(call.bearer()),
    }
}

/// The answer of an operation.
pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = check::body(call.body)?;
    if call.verb == Verb::Invoke {
        return embed::answer(call, &body);
    }
    let answer = request::converse(&body)?.answer(call.fault);
    let reply = match &call.verb {
        Verb::Converse => Reply::json(StatusCode::OK, &whole(call, &answer)),
        Verb::ConverseStream => {
            let error = Event {
                name: Some("throttlingException"),
                data: json!({"message": "Too many requests, please wait before trying again."})
                    .to_string(),
            };
            Reply::stream(Framing::Aws, events(call, &answer), error)
        }
        _ => return Err(Refusal::NoRoute(String::new())),
    };
    Ok(reply.header("x-amzn-requestid", &format!("mock-{}", call.number)))
}

fn stop(end: &End) -> &str {
    match end {
        End::Stop => "end_turn",
        End::Sequence(_) => "stop_sequence",
        End::Length => "max_tokens",
        End::Tools => "tool_use",
        End::Other(reason) => reason,
    }
}

fn usage(answer: &Answer) -> Value {
    json!({"inputTokens": answer.input, "outputTokens": answer.output,
        "totalTokens": answer.input + answer.output})
}

fn whole(call: &Call<'_>, answer: &Answer) -> Value {
    let mut content = Vec::new();
    if let Some(reasoning) = &answer.reasoning {
        let text = json!({"text": reasoning, "signature": "bW9jay1zaWduYXR1cmU="});
        content.push(json!({"reasoningContent": {"reasoningText": text}}));
    }
    if answer.calls.is_empty() {
        content.push(json!({"text": answer.text()}));
    }
    for (i, (name, input)) in answer.calls.iter().enumerate() {
        content.push(json!({"toolUse": {"toolUseId": id(call, i), "name": name, "input": input}}));
    }
    let mut whole = json!({"output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop(&answer.end), "metrics": {"latencyMs": 1}});
    if !call.fault.no_usage {
        whole["usage"] = usage(answer);
    }
    whole
}

fn id(call: &Call<'_>, i: usize) -> String {
    format!("tooluse_mock{}x{i}", call.number)
}

fn events(call: &Call<'_>, answer: &Answer) -> Vec<Event> {
    let mut out = Vec::new();
    let mut add = |name: &'static str, data: Value| {
        out.push(Event {
            name: Some(name),
            data: data.to_string(),
        })
    };
    add("messageStart", json!({"role": "assistant"}));
    let mut block = 0;
    if let Some(reasoning) = &answer.reasoning {
        for piece in reasoning.split_inclusive(' ') {
            add(
                "contentBlockDelta",
                json!({"contentBlockIndex": block, "delta": {"reasoningContent": {"text": piece}}}),
            );
        }
        let signature = json!({"reasoningContent": {"signature": "bW9jay1zaWduYXR1cmU="}});
        add(
            "contentBlockDelta",
            json!({"contentBlockIndex": block, "delta": signature}),
        );
        add("contentBlockStop", json!({"contentBlockIndex": block}));
        block += 1;
    }
    if answer.calls.is_empty() {
        for piece in &answer.pieces {
            add(
                "contentBlockDelta",
                json!({"contentBlockIndex": block, "delta": {"text": piece}}),
            );
        }
        add("contentBlockStop", json!({"contentBlockIndex": block}));
    }
    for (i, (name, input)) in answer.calls.iter().enumerate() {
        let start = json!({"toolUse": {"toolUseId": id(call, i), "name": name}});
        add(
            "contentBlockStart",
            json!({"contentBlockIndex": block, "start": start}),
        );
        for piece in halves(&input.to_string()) {
            add(
                "contentBlockDelta",
                json!({"contentBlockIndex": block, "delta": {"toolUse": {"input": piece}}}),
            );
        }
        add("contentBlockStop", json!({"contentBlockIndex": block}));
        block += 1;
    }
    add("messageStop", json!({"stopReason": stop(&answer.end)}));
    if !call.fault.no_usage {
        add(
            "metadata",
            json!({"usage": usage(answer), "metrics": {"latencyMs": 1}}),
        );
    }
    out
}

/// A refusal, worded as the provider does.
pub(crate) fn refuse(call: &Call<'_>, refusal: &Refusal) -> Reply {
    let (status, kind, message) = match refusal {
        Refusal::NoRoute(_) => (
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            String::new(),
        ),
        Refusal::NoCredential => (
            StatusCode::FORBIDDEN,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token".to_owned(),
        ),
        Refusal::WrongCredential => {
            let message =
                "The request signature we calculated does not match the signature you provided.";
            (
                StatusCode::FORBIDDEN,
                "InvalidSignatureException",
                message.to_owned(),
            )
        }
        Refusal::Wrong(wrong) => (
            StatusCode::BAD_REQUEST,
            "ValidationException",
            words_of(wrong),
        ),
        Refusal::Status(status) => {
            let kind = match status.as_u16() {
                403 => "AccessDeniedException",
                404 => "ResourceNotFoundException",
                408 => "ModelTimeoutException",
                424 => "ModelErrorException",
                429 => "ThrottlingException",
                503 => "ServiceUnavailableException",
                400..=499 => "ValidationException",
                _ => "InternalServerException",
            };
            (
                *status,
                kind,
                "The request was refused by fault.".to_owned(),
            )
        }
    };
    Reply::json(status, &json!({"message": message}))
        .header("x-amzn-errortype", kind)
        .header("x-amzn-requestid", &format!("mock-{}", call.number))
}

fn words_of(wrong: &Wrong) -> String {
    let at = &wrong.path;
    match &wrong.what {
        What::NotJson => "The request body is not valid JSON".to_owned(),
        What::Missing => format!(
            "1 validation error detected: Value at '{at}' failed to satisfy constraint: Member must not be null"
        ),
        What::Unknown => {
            format!("The model returned the following errors: {at}: Extra inputs are not permitted")
        }
        What::Type { wanted, .. } => format!("Value at '{at}' has to be {wanted}"),
        What::Value(reason) => reason.clone(),
    }
}
