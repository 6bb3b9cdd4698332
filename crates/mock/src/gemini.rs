//! Gemini's generateContent, on the Gemini API and on Vertex AI.

mod predict;
mod request;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, End, words};
use crate::check::{self, What, Wrong};
use crate::openai::embedding;
use crate::reply::{Call, Refusal, Reply};
use crate::route::{Format, Verb};
use crate::script::{Event, Framing};

/// The credential, in the provider's form.
pub(crate) fn authorize(call: &Call<'_>) -> Result<(), Refusal> {
    if call.format == Format::Vertex {
        return call.accept(call.bearer());
    }
    call.accept(
        call.header("x-goog-api-key")
            .or(call.param("key"))
            .or(call.bearer()),
    )
}

/// The answer of an operation.
pub(crate) fn answer(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = || check::body(call.body).map(|b| request::camel(&b));
    match &call.verb {
        Verb::Generate => {
            let body = body()?;
            let answer = request::generate(call.format, &body)?.answer(call.fault);
            let last = chunk(
                call,
                &candidates(&answer, &body, Some(&answer.end)),
                &answer,
                answer.output,
            );
            Ok(Reply::json(StatusCode::OK, &last))
        }
        Verb::StreamGenerate => {
            let body = body()?;
            let answer = request::generate(call.format, &body)?.answer(call.fault);
            let sse = call.param("alt") == Some("sse");
            let framing = if sse { Framing::Sse } else { Framing::Array };
            let error = Event {
                name: None,
                data: of_status(StatusCode::SERVICE_UNAVAILABLE, call).to_string(),
            };
            Ok(Reply::stream(framing, events(call, &answer), error))
        }
        Verb::CountContent => {
            let tokens = request::count(call.format, &body()?)?.prompt_tokens.max(1);
            let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
            Ok(Reply::json(
                StatusCode::OK,
                &json!({"totalTokens": tokens, "promptTokensDetails": details}),
            ))
        }
        Verb::Predict => Ok(predict::answer(call, &check::body(call.body)?)?),
        Verb::Embed => Ok(Reply::json(
            StatusCode::OK,
            &json!({"embedding": embed(&body()?)?}),
        )),
        Verb::BatchEmbed => {
            let body = body()?;
            let requests = body["requests"]
                .as_array()
                .ok_or_else(|| Wrong::missing("requests"))?;
            let embedded = requests.iter().map(embed).collect::<Result<Vec<_>, _>>()?;
            Ok(Reply::json(
                StatusCode::OK,
                &json!({"embeddings": embedded}),
            ))
        }
        Verb::Models(id) => Ok(models(id.as_deref())),
        _ => Err(Refusal::NoRoute(String::new())),
    }
}

fn models(id: Option<&str>) -> Reply {
    let model = |id: &str| {
        json!({"name": format!("models/{id}"), "version": "1", "displayName": id, "description": "A mock",
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 8192,
            "supportedGenerationMethods": ["generateContent", "countTokens"]})
    };
    Reply::json(
        StatusCode::OK,
        &id.map_or_else(|| json!({"models": [model("mock-model")]}), model),
    )
}

fn embed(body: &Value) -> Result<Value, Wrong> {
    let text = request::embed(body)?;
    let size = body["outputDimensionality"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(64);
    Ok(json!({"values": embedding(&text, size.clamp(1, 4096))}))
}

/// The candidates of a whole answer.
fn candidates(answer: &Answer, body: &Value, end: Option<&End>) -> Vec<Value> {
    let mut parts = Vec::new();
    if let Some(reasoning) = &answer.reasoning {
        parts.push(thought(reasoning));
    }
    if answer.calls.is_empty() {
        parts.push(json!({"text": answer.text()}));
    }
    parts.extend(calls(answer));
    let count = body["generationConfig"]["candidateCount"]
        .as_u64()
        .unwrap_or(1)
        .clamp(1, 8);
    (0..count).map(|i| candidate(i, &parts, end)).collect()
}

fn thought(text: &str) -> Value {
    json!({"text": text, "thought": true})
}

fn calls(answer: &Answer) -> impl Iterator<Item = Value> {
    answer.calls.iter().enumerate().map(|(i, (name, args))| {
        let mut part = json!({"functionCall": {"name": name, "args": args}});
        if i == 0 {
            // The first call of a turn carries the signature, and wants it back.
            part["thoughtSignature"] = json!("bW9jay1zaWduYXR1cmU=");
        }
        part
    })
}

fn candidate(index: u64, parts: &[Value], end: Option<&End>) -> Value {
    let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": index});
    if let Some(end) = end {
        candidate["finishReason"] = json!(match end {
            End::Stop | End::Sequence(_) | End::Tools => "STOP",
            End::Length => "MAX_TOKENS",
            End::Other(reason) => reason,
        });
    }
    candidate
}

/// One response object; each carries the usage so far.
fn chunk(call: &Call<'_>, candidates: &[Value], answer: &Answer, output: u64) -> Value {
    let said = output.saturating_sub(answer.reasoning_tokens);
    let mut usage = json!({"promptTokenCount": answer.input, "candidatesTokenCount": said,
        "totalTokenCount": answer.input + output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": answer.input}]});
    if answer.reasoning_tokens > 0 {
        usage["thoughtsTokenCount"] = json!(answer.reasoning_tokens);
    }
    let mut chunk = json!({"candidates": candidates, "modelVersion": call.path_model,
        "responseId": format!("mock{}", call.number)});
    if !call.fault.no_usage {
        chunk["usageMetadata"] = usage;
    }
    chunk
}

fn events(call: &Call<'_>, answer: &Answer) -> Vec<Event> {
    let mut parts: Vec<Value> = answer
        .reasoning
        .as_deref()
        .map(thought)
        .into_iter()
        .collect();
    parts.extend(answer.pieces.iter().map(|p| json!({"text": p})));
    parts.extend(calls(answer));
    let last = parts.len().saturating_sub(1);
    let mut output = answer.reasoning_tokens;
    let event = |(i, part): (usize, &Value)| {
        output += if part["thought"] == true {
            0
        } else {
            words(part["text"].as_str().unwrap_or_default())
        };
        let end = (i == last).then_some(&answer.end);
        let so_far = if i == last { answer.output } else { output };
        let data = chunk(
            call,
            &[candidate(0, std::slice::from_ref(part), end)],
            answer,
            so_far,
        );
        Event {
            name: None,
            data: data.to_string(),
        }
    };
    parts.iter().enumerate().map(event).collect()
}

/// A refusal, worded as the provider does.
pub(crate) fn refuse(call: &Call<'_>, refusal: &Refusal) -> Reply {
    let (status, body) = match refusal {
        Refusal::NoRoute(what) => (
            StatusCode::NOT_FOUND,
            error(404, "NOT_FOUND", what, json!([])),
        ),
        Refusal::NoCredential if call.format == Format::Gemini => {
            let message = "Method doesn't allow unregistered callers (callers without established identity). Please use \
                API Key or other form of API consumer identity to call this API.";
            (
                StatusCode::FORBIDDEN,
                error(403, "PERMISSION_DENIED", message, json!([])),
            )
        }
        Refusal::WrongCredential if call.format == Format::Gemini => {
            let message = "API key not valid. Please pass a valid API key.";
            let info = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                "domain": "googleapis.com"}]);
            (
                StatusCode::BAD_REQUEST,
                error(400, "INVALID_ARGUMENT", message, info),
            )
        }
        Refusal::NoCredential | Refusal::WrongCredential => {
            let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                other valid authentication credential.";
            (
                StatusCode::UNAUTHORIZED,
                error(401, "UNAUTHENTICATED", message, json!([])),
            )
        }
        Refusal::Wrong(wrong) => (
            StatusCode::BAD_REQUEST,
            error(400, "INVALID_ARGUMENT", &words_of(wrong), json!([])),
        ),
        Refusal::Status(status) => (*status, of_status(*status, call)),
    };
    let streamed = call.verb == Verb::StreamGenerate && call.param("alt") != Some("sse");
    Reply::json(status, &if streamed { json!([body]) } else { body })
}

fn words_of(wrong: &Wrong) -> String {
    let (parent, name) = wrong.path.rsplit_once('.').unwrap_or(("", &wrong.path));
    match &wrong.what {
        What::NotJson => "Invalid JSON payload received. Unexpected token.".to_owned(),
        What::Missing => format!(
            "* GenerateContentRequest.{}: {name} is not specified\n",
            wrong.path
        ),
        What::Unknown if parent.is_empty() => {
            format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.")
        }
        What::Unknown => {
            format!(
                "Invalid JSON payload received. Unknown name \"{name}\" at '{parent}': Cannot find field."
            )
        }
        What::Type { wanted, got } => {
            format!(
                "Invalid value at '{}': expected {wanted}, got {got}",
                wrong.path
            )
        }
        What::Value(reason) => reason.clone(),
    }
}

fn error(code: u16, status: &str, message: &str, details: Value) -> Value {
    let mut error = json!({"code": code, "message": message, "status": status});
    if details.as_array().is_some_and(|d| !d.is_empty()) {
        error["details"] = details;
    }
    json!({"error": error})
}

fn of_status(status: StatusCode, call: &Call<'_>) -> Value {
    let (name, message) = match status.as_u16() {
        401 => (
            "UNAUTHENTICATED",
            "Request is missing required authentication credential.",
        ),
        403 => ("PERMISSION_DENIED", "Permission denied."),
        404 => (
            "NOT_FOUND",
            "The model is not found for API version v1beta.",
        ),
        429 => ("RESOURCE_EXHAUSTED", "You exceeded your current quota."),
        503 => (
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        ),
        504 => ("DEADLINE_EXCEEDED", "The request timed out."),
        400..=499 => ("INVALID_ARGUMENT", "The request was refused by fault."),
        _ => ("INTERNAL", "An internal error has occurred."),
    };
    let retry = call.fault.retry_after.as_ref().map(|after| {
        json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{after}s")})
    });
    error(status.as_u16(), name, message, retry.into_iter().collect())
}
