//! The mock over real connections.
#![expect(
    clippy::disallowed_methods,
    reason = "a test: what panics is printed, and what waits for it fails"
)]
#![expect(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use sluice_mock::{Fault, Mock, MockOptions, Outcome};
use tokio::net::TcpStream;

async fn mk_mock() -> Mock {
    Mock::start(MockOptions::default()).await.unwrap()
}

fn mk_request(
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::post(path).header("host", "mock");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}

async fn send(mock: &Mock, request: Request<Full<Bytes>>) -> Response<Incoming> {
    let io = TokioIo::new(TcpStream::connect(mock.addr()).await.unwrap());
    let (mut sender, connection) = http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

const BEARER: (&str, &str) = ("authorization", "Bearer k");
const ANTHROPIC: &[(&str, &str)] = &[("x-api-key", "k"), ("anthropic-version", "2023-06-01")];
const GOOGLE: &[(&str, &str)] = &[("x-goog-api-key", "k")];

async fn post(
    mock: &Mock,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> (StatusCode, Value) {
    let response = send(mock, mk_request(path, headers, body.to_string())).await;
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn stream(mock: &Mock, path: &str, headers: &[(&str, &str)], body: Value) -> (String, bool) {
    let mut body = send(mock, mk_request(path, headers, body.to_string()))
        .await
        .into_body();
    let mut text = Vec::new();
    loop {
        match body.frame().await {
            None => return (String::from_utf8(text).unwrap(), true),
            Some(Ok(frame)) => text.extend_from_slice(frame.data_ref().unwrap()),
            Some(Err(_)) => return (String::from_utf8(text).unwrap(), false),
        }
    }
}

fn mk_chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]})
}

fn mk_chat_stream(model: &str) -> Value {
    let mut body = mk_chat(model);
    body["stream"] = json!(true);
    body
}

#[tokio::test]
async fn each_format_answers() {
    let mock = mk_mock().await;
    let (status, body) = post(&mock, "/v1/chat/completions", &[BEARER], mk_chat("gpt")).await;
    assert_eq!(status, 200);
    assert_eq!(
        body["choices"][0]["message"]["content"],
        "You said: hi [system: be kind]"
    );
    let azure = "/openai/deployments/d/chat/completions?api-version=2024-10-21";
    let (status, body) = post(&mock, azure, &[("api-key", "k")], mk_chat("x")).await;
    assert_eq!((status.as_u16(), &body["model"]), (200, &json!("d")));
    let ask = json!({"model": "claude", "max_tokens": 9, "system": "s", "messages": [{"role": "user", "content": "hi"}]});
    let (status, body) = post(&mock, "/v1/messages", ANTHROPIC, ask.clone()).await;
    assert_eq!(
        (status.as_u16(), &body["content"][0]["text"]),
        (200, &json!("You said: hi [system: s]"))
    );
    let mut count = ask;
    count.as_object_mut().unwrap().remove("max_tokens");
    assert_eq!(
        post(&mock, "/v1/messages/count_tokens", ANTHROPIC, count)
            .await
            .1,
        json!({"input_tokens": 2})
    );
    let ask = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "system_instruction": {"parts": [{"text": "s"}]}});
    let (status, body) = post(
        &mock,
        "/v1beta/models/gem:generateContent",
        GOOGLE,
        ask.clone(),
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        body["candidates"][0]["content"]["parts"][0]["text"],
        "You said: hi [system: s]"
    );
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/gem:generateContent";
    assert_eq!(post(&mock, vertex, &[BEARER], ask).await.0, 200);
    let (_, body) = post(
        &mock,
        "/v1/embeddings",
        &[BEARER],
        json!({"model": "e", "input": ["a", "b"]}),
    )
    .await;
    assert_eq!(body["data"].as_array().unwrap().len(), 2);
    let (_, body) = post(
        &mock,
        "/v1/responses",
        &[BEARER],
        json!({"model": "m", "input": "hi"}),
    )
    .await;
    assert_eq!(body["output"][0]["content"][0]["text"], "You said: hi");
    let (status, _) = post(
        &mock,
        "/v1/completions",
        &[BEARER],
        json!({"model": "m", "prompt": "hi"}),
    )
    .await;
    assert_eq!(status, 200);
    let (status, _) = post(
        &mock,
        "/v1/images/generations",
        &[BEARER],
        json!({"prompt": "cat"}),
    )
    .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn each_format_streams() {
    let mock = mk_mock().await;
    let mut body = mk_chat_stream("gpt");
    body["stream_options"] = json!({"include_usage": true});
    let (text, whole) = stream(&mock, "/v1/chat/completions", &[BEARER], body).await;
    assert!(
        whole && text.ends_with("data: [DONE]\n\n") && text.contains("\"total_tokens\":9"),
        "{text}"
    );
    let ask = json!({"model": "claude", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let (text, _) = stream(&mock, "/v1/messages", ANTHROPIC, ask).await;
    let names: Vec<&str> = text
        .lines()
        .filter_map(|l| l.strip_prefix("event: "))
        .collect();
    assert_eq!(names[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(
        names[names.len() - 3..],
        ["content_block_stop", "message_delta", "message_stop"]
    );
    let ask = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let (text, _) = stream(
        &mock,
        "/v1beta/models/g:streamGenerateContent?alt=sse",
        GOOGLE,
        ask.clone(),
    )
    .await;
    assert!(text.starts_with("data: {") && text.contains("\"finishReason\":\"STOP\""));
    let (text, _) = stream(&mock, "/v1beta/models/g:streamGenerateContent", GOOGLE, ask).await;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&text).unwrap().len(), 3);
    let ask = json!({"model": "m", "input": "hi", "stream": true});
    let (text, _) = stream(&mock, "/v1/responses", &[BEARER], ask).await;
    assert!(text.contains("event: response.completed"));
}

#[tokio::test]
async fn wrong_requests_are_refused_in_the_providers_words() {
    let mock = mk_mock().await;
    let mut odd = mk_chat("gpt");
    odd["foo"] = json!(1);
    let (status, body) = post(&mock, "/v1/chat/completions", &[BEARER], odd.clone()).await;
    assert_eq!(
        (status.as_u16(), &body["error"]["code"]),
        (400, &json!("unknown_parameter"))
    );
    let (status, body) = post(&mock, "/mistral/v1/chat/completions", &[BEARER], odd).await;
    assert_eq!(
        (status.as_u16(), &body["message"]["detail"][0]["type"]),
        (422, &json!("extra_forbidden"))
    );
    let (status, body) = post(&mock, "/v1/chat/completions", &[], mk_chat("gpt")).await;
    assert_eq!(
        (status.as_u16(), &body["error"]["type"]),
        (401, &json!("invalid_request_error"))
    );
    let ask = json!({"model": "c", "messages": [{"role": "user", "content": "hi"}]});
    let (status, body) = post(&mock, "/v1/messages", ANTHROPIC, ask).await;
    assert_eq!(
        (status.as_u16(), &body["error"]["message"]),
        (400, &json!("max_tokens: Field required"))
    );
    let schema = json!({"type": "object", "additionalProperties": false});
    let ask = json!({"contents": [{"parts": [{"text": "hi"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]});
    let (status, body) = post(&mock, "/v1beta/models/g:generateContent", GOOGLE, ask).await;
    assert_eq!(
        (status.as_u16(), &body["error"]["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
}

#[tokio::test]
async fn cohere_refuses_what_its_api_doesn_t_know_and_ends_streams_its_own_way() {
    let mock = mk_mock().await;
    let call =
        json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let user = json!({"role": "user", "content": "hi"});
    let answered = json!([user, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c1", "content": "r"}]);
    let (status, body) = post(
        &mock,
        "/v2/chat",
        &[BEARER],
        json!({"model": "c", "messages": answered}),
    )
    .await;
    assert_eq!(
        (status.as_u16(), &body["message"]["content"][0]["text"]),
        (200, &json!("The tools said: r"))
    );
    let schema = json!({"type": "json_object", "json_schema": {"type": "object"}});
    let tool =
        json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}});
    for (status, odd) in [
        (422, json!({"model": "c", "messages": [user], "n": 1})),
        (400, json!({"messages": [user]})),
        (400, json!({"model": "c", "messages": [user], "p": 1.0})),
        (
            400,
            json!({"model": "c", "messages": [user, {"role": "system", "content": "late"}]}),
        ),
        (
            400,
            json!({"model": "c", "messages": [user, {"role": "assistant", "tool_calls": [call]}]}),
        ),
        (
            400,
            json!({"model": "c", "messages": [user, {"role": "tool", "tool_call_id": "x", "content": "r"}]}),
        ),
        (
            400,
            json!({"model": "c", "messages": [user], "tools": [tool], "response_format": schema}),
        ),
        (
            400,
            json!({"model": "c", "messages": [user], "tool_choice": "REQUIRED"}),
        ),
    ] {
        let (got, body) = post(&mock, "/v2/chat", &[BEARER], odd.clone()).await;
        assert_eq!(
            (got.as_u16(), body["message"].is_string()),
            (status, true),
            "{odd}"
        );
    }
    let (text, whole) = stream(
        &mock,
        "/v2/chat",
        &[BEARER],
        json!({"model": "c", "messages": [user], "stream": true}),
    )
    .await;
    let names: Vec<&str> = text
        .lines()
        .filter_map(|l| l.strip_prefix("event: "))
        .collect();
    assert_eq!(
        (names.first(), names.last(), whole),
        (Some(&"message-start"), Some(&"message-end"), true)
    );
}

#[tokio::test]
async fn deepseek_wants_its_thoughts_back_and_takes_no_schema_and_no_picture() {
    let mock = mk_mock().await;
    let path = "/deepseek/v1/chat/completions";
    let history = |thought: Value| {
        let call =
            json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
        json!({"model": "d", "messages": [{"role": "user", "content": "hi"},
            {"role": "assistant", "content": "", "reasoning_content": thought, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "r"}]})
    };
    for (thought, status) in [
        (Value::Null, 400),
        (json!(""), 400),
        (json!(" "), 200),
        (json!("hm"), 200),
    ] {
        assert_eq!(
            post(&mock, path, &[BEARER], history(thought))
                .await
                .0
                .as_u16(),
            status
        );
    }
    let mut silent = history(Value::Null);
    silent["thinking"] = json!({"type": "disabled"});
    assert_eq!(post(&mock, path, &[BEARER], silent).await.0, 200);
    let mut shaped = mk_chat("d");
    shaped["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}});
    let (status, body) = post(&mock, path, &[BEARER], shaped).await;
    assert_eq!(
        (status.as_u16(), &body["error"]["message"]),
        (400, &json!("This response_format type is unavailable now"))
    );
    let picture = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let seen = json!({"model": "d", "messages": [{"role": "user", "content": [picture]}]});
    assert_eq!(post(&mock, path, &[BEARER], seen).await.0, 400);
}

#[tokio::test]
async fn faults_come_by_header_queue_model_and_default() {
    let mock = mk_mock().await;
    let path = "/v1/chat/completions";
    let head = [BEARER, ("x-mock-fault", "status=429;retry-after=2")];
    let response = send(&mock, mk_request(path, &head, mk_chat("m").to_string())).await;
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["retry-after"]
        ),
        (429, &"2".parse().unwrap())
    );
    mock.fault_next(Fault {
        status: Some(500),
        ..Fault::default()
    });
    assert_eq!(post(&mock, path, &[BEARER], mk_chat("m")).await.0, 500);
    assert_eq!(
        post(&mock, path, &[BEARER], mk_chat("mock-status-503"))
            .await
            .0,
        503
    );
    mock.set_fault(Fault {
        status: Some(502),
        ..Fault::default()
    });
    assert_eq!(post(&mock, path, &[BEARER], mk_chat("m")).await.0, 502);
}

#[tokio::test]
async fn a_cut_ends_the_connection_and_is_no_cancellation() {
    let mock = mk_mock().await;
    let (text, whole) = stream(
        &mock,
        "/v1/chat/completions",
        &[BEARER],
        mk_chat_stream("mock-cut-2"),
    )
    .await;
    assert!(!whole);
    assert_eq!(text.matches("data: ").count(), 2);
    mock.until(|c| c.broken == 1).await;
    assert_eq!(mock.requests()[0].outcome, Outcome::Broken);
    assert_eq!(mock.counts().cancelled, 0);
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed() {
    let mock = mk_mock().await;
    let request = mk_request(
        "/v1/chat/completions",
        &[BEARER],
        mk_chat_stream("mock-stall-1").to_string(),
    );
    let io = TokioIo::new(TcpStream::connect(mock.addr()).await.unwrap());
    let (mut sender, connection) = http1::handshake(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut body = sender.send_request(request).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    assert_eq!(mock.counts().cancelled, 0);
    connection.abort();
    mock.cancelled(1).await;
    let request = &mock.requests()[0];
    assert_eq!(
        (request.outcome, &request.json()["stream"]),
        (Outcome::Cancelled, &json!(true))
    );
}

#[tokio::test]
async fn http2_is_spoken_and_one_stream_can_be_cancelled() {
    let mock = mk_mock().await;
    let io = TokioIo::new(TcpStream::connect(mock.addr()).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let url = format!("http://{}/v1/chat/completions", mock.addr());
    let ask = |model| mk_request(&url, &[BEARER], mk_chat_stream(model).to_string());
    let stalled = sender.send_request(ask("mock-stall-1")).await.unwrap();
    drop(stalled);
    mock.cancelled(1).await;
    let answered = sender.send_request(ask("m")).await.unwrap();
    assert_eq!(answered.headers()["x-mock-model"], "m");
    assert!(answered.into_body().collect().await.is_ok());
    mock.until(|c| c.answered == 1).await;
}

#[tokio::test]
async fn shutdown_frees_the_port() {
    let mock = mk_mock().await;
    let addr = mock.addr().to_string();
    assert_eq!(
        post(&mock, "/v1/chat/completions", &[BEARER], mk_chat("m"))
            .await
            .0,
        200
    );
    mock.shutdown().await;
    assert!(TcpStream::connect(&addr).await.is_err());
    assert!(
        Mock::start(MockOptions {
            addr,
            ..MockOptions::default()
        })
        .await
        .is_ok()
    );
}
