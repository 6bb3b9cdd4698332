//! One request: recorded, understood, answered, and broken as its fault asks.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::fault::Fault;
use crate::play::{Play, Reset};
use crate::record::Ticket;
use crate::reply::{Call, Content, Refusal, Reply};
use crate::route::{Format, Verb, route};
use crate::script::Framing;
use crate::shared::Shared;
use crate::{anthropic, bedrock, cohere, gemini, guardrail, openai, script};

/// Answers a request.
pub(crate) async fn respond(
    shared: &Shared,
    reset: Reset,
    request: Request<Incoming>,
) -> Response<Play> {
    let (head, body) = request.into_parts();
    // HTTP/2 resets the one stream by itself.
    let reset = if head.version == Version::HTTP_2 {
        Reset::default()
    } else {
        reset
    };
    let ticket = shared.recorder.begin(&head);
    let Ok(body) = body.collect().await.map(|b| b.to_bytes()) else {
        // The client broke off its request; the ticket says so, and nobody reads this answer.
        return response(refused(""), &Fault::default(), reset, ticket);
    };
    ticket.body(&body);
    let target = route(&head.method, head.uri.path(), &head.headers);
    let path_model = target.as_ref().ok().and_then(|t| t.model.clone());
    let model = path_model.clone().or_else(|| model_in(&body));
    let fault = match shared.fault(&head.headers, model.as_deref()) {
        Ok(fault) => fault,
        Err(e) => {
            return response(
                refused(&format!("x-mock-fault: {e}\n")),
                &Fault::default(),
                reset,
                ticket,
            );
        }
    };
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    let (format, verb) = match target {
        Ok(t) if t.format == Format::OpenAi && shared.options.strict_mistral => {
            (Format::Mistral, t.verb)
        }
        Ok(t) => (t.format, t.verb),
        Err(format) => (
            format,
            Verb::Nothing(format!("{} {}", head.method, head.uri.path())),
        ),
    };
    let call = Call {
        format,
        verb,
        path_model,
        headers: &head.headers,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        body: &body,
        fault: &fault,
        number: ticket.number,
        key: shared.options.api_key.as_deref(),
    };
    let reply = match &model {
        Some(model) => reply(&call).header("x-mock-model", model),
        None => reply(&call),
    };
    response(reply, &fault, reset, ticket)
}

fn reply(call: &Call<'_>) -> Reply {
    if call.fault.html502 {
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
            <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
        return Reply::whole(StatusCode::BAD_GATEWAY, "text/html", page);
    }
    answer(call).unwrap_or_else(|refusal| match call.format {
        Format::OpenAi | Format::Azure | Format::Mistral | Format::DeepSeek | Format::Qwen => {
            openai::refuse(call, &refusal)
        }
        Format::Anthropic | Format::VertexAnthropic => anthropic::refuse(call, &refusal),
        Format::Bedrock => bedrock::refuse(call, &refusal),
        Format::Cohere => cohere::refuse(call, &refusal),
        Format::Guardrail => guardrail::refuse(&refusal),
        Format::Gemini | Format::Vertex => gemini::refuse(call, &refusal),
    })
}

/// As at the real ones: the path first, then the credential, then limits, and the body last.
fn answer(call: &Call<'_>) -> Result<Reply, Refusal> {
    if let Verb::Nothing(path) = &call.verb {
        return Err(Refusal::NoRoute(path.clone()));
    }
    match call.format {
        Format::OpenAi | Format::Azure | Format::Mistral | Format::DeepSeek | Format::Qwen => {
            openai::authorize(call)
        }
        Format::Anthropic => anthropic::authorize(call),
        Format::VertexAnthropic | Format::Cohere => call.accept(call.bearer()),
        Format::Bedrock => bedrock::authorize(call),
        Format::Guardrail => Ok(()),
        Format::Gemini | Format::Vertex => gemini::authorize(call),
    }?;
    if let Some(status) = call.fault.status.and_then(|s| StatusCode::from_u16(s).ok()) {
        return Err(Refusal::Status(status));
    }
    match call.format {
        Format::OpenAi | Format::Azure | Format::Mistral | Format::DeepSeek | Format::Qwen => {
            openai::answer(call)
        }
        Format::Anthropic | Format::VertexAnthropic => anthropic::answer(call),
        Format::Bedrock => bedrock::answer(call),
        Format::Cohere => cohere::answer(call),
        Format::Guardrail => guardrail::answer(call),
        Format::Gemini | Format::Vertex => gemini::answer(call),
    }
}

/// Puts an answer on the wire, as the fault wants it.
fn response(reply: Reply, fault: &Fault, reset: Reset, ticket: Ticket) -> Response<Play> {
    let reply = match &fault.retry_after {
        Some(after) => reply.header("retry-after", after),
        None => reply,
    };
    let (media, steps, promised) = match reply.content {
        Content::Whole { media, bytes } => {
            let blank = if fault.comments {
                script::BLANK.len()
            } else {
                0
            };
            // An answer that is cut is still promised whole; one that is garbled is not.
            let length = if fault.malformed == Some(0) {
                bytes.len() / 2
            } else {
                bytes.len()
            } + blank;
            (media, script::whole(bytes, fault), Some(length as u64))
        }
        Content::Stream {
            framing,
            events,
            error,
        } => {
            let media = match framing {
                Framing::Sse => "text/event-stream; charset=utf-8",
                Framing::Array => "application/json; charset=UTF-8",
                Framing::Aws => "application/vnd.amazon.eventstream",
            };
            (media, script::stream(events, error, framing, fault), None)
        }
    };
    let mut response = Response::new(Play::new(steps, promised, reset, ticket));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn refused(text: &str) -> Reply {
    Reply::whole(StatusCode::BAD_REQUEST, "text/plain", text.to_owned())
}

/// The model in a body, JSON or multipart.
fn model_in(body: &Bytes) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        return json["model"].as_str().map(str::to_owned);
    }
    openai::form_field(body, "model")
}
