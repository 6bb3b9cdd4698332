//! Callers of one format, providers of another.

use serde_json::{Value, json};

use crate::support::{Lab, Plan, chat, chat_stream};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn messages(model: &str, stream: bool) -> String {
    json!({"model": model, "max_tokens": 50, "stream": stream, "messages": [{"role": "user", "content": "Hello!"}]})
        .to_string()
}

const CONTENTS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"Hello!"}]}]}"#;

fn generate(model: &str, verb: &str) -> String {
    format!("/v1beta/models/{model}:{verb}")
}

/// The events of a stream: name and data.
fn events(text: &str) -> Vec<(String, Value)> {
    let field = |block: &str, name: &str| {
        block
            .lines()
            .find_map(|l| l.strip_prefix(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    text.replace('\r', "")
        .split("\n\n")
        .filter(|block| block.contains("data:"))
        .map(|block| {
            (
                field(block, "event:"),
                serde_json::from_str(&field(block, "data:")).unwrap_or_default(),
            )
        })
        .collect()
}

#[tokio::test]
async fn every_format_reaches_every_provider() {
    let lab = Lab::start(&Plan::default()).await;
    for (model, seen) in [
        ("gpt-4", "/v1/chat/completions"),
        ("claude", "/v1/messages"),
        ("gemini-pro", "/v1beta/models/gemini-pro:generateContent"),
    ] {
        let answer = lab.post(CHAT, &[], chat(model)).await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        assert_eq!(
            answer.json()["choices"][0]["message"]["content"],
            "You said: Hello!",
            "{model}"
        );
        assert_eq!(answer.json()["usage"]["completion_tokens"], 3, "{model}");
        let answer = lab.post(MESSAGES, &[], messages(model, false)).await;
        assert_eq!(
            answer.json()["content"][0]["text"],
            "You said: Hello!",
            "{model}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["stop_reason"], "end_turn");
        let answer = lab
            .post(&generate(model, "generateContent"), &[], CONTENTS)
            .await;
        let text = &answer.json()["candidates"][0]["content"]["parts"][0]["text"];
        assert_eq!(text, "You said: Hello!", "{model}: {}", answer.text());
        assert!(
            lab.mock
                .requests()
                .iter()
                .rev()
                .take(3)
                .all(|r| r.path == seen),
            "{model}"
        );
    }
    assert!(lab.stop().await);
}

#[tokio::test]
async fn every_format_streams_from_every_provider() {
    let lab = Lab::start(&Plan::default()).await;
    for model in ["gpt-4", "claude", "gemini-pro"] {
        for fault in [
            "chunks=3",
            "chunks=3;split=3",
            "chunks=3;crlf",
            "chunks=3;comments",
            "chunks=3;no-final-blank-line",
        ] {
            let fault = [("x-mock-fault", fault)];
            let answer = lab.post(CHAT, &fault, chat_stream(model)).await;
            assert!(
                answer
                    .header("content-type")
                    .starts_with("text/event-stream")
            );
            let text = answer.text().replace('\r', "");
            let said: String = events(&text)
                .iter()
                .filter_map(|(_, e)| {
                    e["choices"][0]["delta"]["content"]
                        .as_str()
                        .map(str::to_owned)
                })
                .collect();
            assert_eq!(said, "You said: Hello!", "{model} {fault:?} {text}");
            assert!(text.trim_end().ends_with("data: [DONE]"), "{model} {text}");
            let text = lab
                .post(MESSAGES, &fault, messages(model, true))
                .await
                .text()
                .replace('\r', "");
            let names: Vec<String> = events(&text)
                .into_iter()
                .map(|(name, _)| name)
                .filter(|n| n != "ping")
                .collect();
            assert_eq!(
                (names[0].as_str(), names.last().unwrap().as_str()),
                ("message_start", "message_stop"),
                "{text}"
            );
            let text = lab
                .post(
                    &generate(model, "streamGenerateContent?alt=sse"),
                    &fault,
                    CONTENTS,
                )
                .await
                .text();
            // Google's SDKs take a comment for JSON.
            assert!(
                model == "gemini-pro"
                    || text
                        .lines()
                        .all(|line| line.is_empty() || line.starts_with("data: ")),
                "{text}"
            );
            let last = events(&text).pop().unwrap().1;
            assert_eq!(
                last["candidates"][0]["finishReason"], "STOP",
                "{model} {text}"
            );
            assert_eq!(
                last["usageMetadata"]["candidatesTokenCount"], 3,
                "{model} {text}"
            );
        }
    }
    let metrics = lab.get("/metrics", &[]).await.text();
    assert!(
        metrics.contains("sluice_usage_missing_total 0"),
        "{metrics}"
    );
}

#[tokio::test]
async fn tools_go_there_and_back() {
    let lab = Lab::start(&Plan::default()).await;
    for model in ["claude", "gemini-pro"] {
        let mut body = json!({
            "model": model,
            "tools": [{"type": "function", "function": {"name": "get_weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}],
            "messages": [{"role": "user", "content": "use get_weather"}],
        });
        for stream in [false, true] {
            body["stream"] = json!(stream);
            let answer = lab
                .post(CHAT, &[("x-mock-fault", "tools=2")], body.to_string())
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let calls = if stream {
                let mut calls = vec![json!({"arguments": ""}), json!({"arguments": ""})];
                let all = events(&answer.text());
                for call in all
                    .iter()
                    .filter_map(|(_, e)| e["choices"][0]["delta"]["tool_calls"].get(0))
                {
                    let mine = &mut calls[call["index"].as_u64().unwrap() as usize];
                    if let Some(id) = call["id"].as_str() {
                        mine["id"] = json!(id);
                    }
                    let text = mine["arguments"].as_str().unwrap().to_owned();
                    mine["arguments"] =
                        json!(text + call["function"]["arguments"].as_str().unwrap());
                }
                calls
            } else {
                let all = answer.json()["choices"][0]["message"]["tool_calls"].clone();
                assert_eq!(answer.json()["choices"][0]["finish_reason"], "tool_calls");
                let flat =
                    |c: &Value| json!({"id": c["id"], "arguments": c["function"]["arguments"]});
                all.as_array().unwrap().iter().map(flat).collect()
            };
            assert_eq!(calls.len(), 2);
            assert_ne!(calls[0]["id"], calls[1]["id"]);
            let mut next = body.clone();
            let turns = next["messages"].as_array_mut().unwrap();
            let call = |c: &Value| {
                let arguments: Value =
                    serde_json::from_str(c["arguments"].as_str().unwrap()).unwrap();
                assert_eq!(arguments, json!({"city": "text"}));
                json!({"id": c["id"], "type": "function", "function": {"name": "get_weather", "arguments": c["arguments"]}})
            };
            let called: Vec<Value> = calls.iter().map(call).collect();
            turns.push(json!({"role": "assistant", "content": null, "tool_calls": called}));
            turns.extend(
                calls
                    .iter()
                    .map(|c| json!({"role": "tool", "tool_call_id": c["id"], "content": "sunny"})),
            );
            let answer = lab.post(CHAT, &[], next.to_string()).await;
            assert_eq!(answer.status, 200, "{model}: {}", answer.text());
            assert!(answer.text().contains("sunny"), "{}", answer.text());
        }
        // What the provider signed comes back to it.
        let sent = lab.mock.requests().last().unwrap().json();
        if model == "gemini-pro" {
            assert_eq!(
                sent["contents"][1]["parts"][0]["thoughtSignature"],
                "bW9jay1zaWduYXR1cmU="
            );
        }
    }
}

#[tokio::test]
async fn what_can_t_be_carried_is_named_and_counted() {
    let lab = Lab::start(&Plan::default()).await;
    let body = r#"{"model":"claude","seed":7,"logit_bias":{"1":1},"x_new":1,"messages":[{"role":"user","content":"x","name":"ann"}]}"#;
    let answer = lab.post(CHAT, &[], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.header("x-sluice-dropped"),
        "x_new,messages[].name,seed,logit_bias"
    );
    let stream = body.replace("\"seed\"", "\"stream\":true,\"seed\"");
    let answer = lab.post(CHAT, &[], stream).await;
    assert_eq!(
        answer.header("x-sluice-dropped"),
        "x_new,messages[].name,seed,logit_bias"
    );
    assert_eq!(
        lab.post(CHAT, &[], chat("claude"))
            .await
            .header("x-sluice-dropped"),
        ""
    );
    let metrics = lab.get("/metrics", &[]).await.text();
    let line = "sluice_fields_dropped_total{format=\"openai\",provider=\"anthropic\"} 8";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_strict_route_refuses_before_anything_is_sent() {
    let plan = Plan {
        policies: vec![("fidelity", "\"Strict\"".into())],
        ..Plan::default()
    };
    let lab = Lab::start(&plan).await;
    let answer = lab
        .post(
            CHAT,
            &[],
            r#"{"model":"claude","seed":7,"messages":[{"role":"user","content":"x"}]}"#,
        )
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (400, &json!("fields_would_be_dropped"))
    );
    assert!(answer.text().contains("seed"), "{}", answer.text());
    assert_eq!(lab.mock.counts().received, 0);
    assert_eq!(lab.post(CHAT, &[], chat("claude")).await.status, 200);
    // Within one format nothing is lost, so nothing is refused.
    assert_eq!(
        lab.post(
            CHAT,
            &[],
            r#"{"model":"gpt-4","seed":7,"messages":[{"role":"user","content":"x"}]}"#
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn what_would_change_the_meaning_is_refused_clearly() {
    let lab = Lab::start(&Plan::default()).await;
    let image = r#"{"model":"gemini-pro","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}"#;
    let answer = lab.post(CHAT, &[], image).await;
    assert_eq!(answer.status, 400);
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("gemini can't be given a picture or document by its URL"),
        "{message}"
    );
    let tool = r#"{"model":"gpt-4","max_tokens":9,"tools":[{"type":"web_search_20250305","name":"web_search"}],"messages":[{"role":"user","content":"x"}]}"#;
    let answer = lab.post(MESSAGES, &[], tool).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (400, &json!("invalid_request_error"))
    );
    assert_eq!(lab.mock.counts().received, 0);
}

#[tokio::test]
async fn a_provider_s_error_keeps_its_message_in_the_caller_s_shape() {
    let lab = Lab::start(&Plan::default()).await;
    let fault = [("x-mock-fault", "status=429;retry-after=7")];
    let answer = lab.post(CHAT, &fault, chat("gemini-pro")).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, "7"),
        "{}",
        answer.text()
    );
    let error = &answer.json()["error"];
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("rate_limit"), &json!("RESOURCE_EXHAUSTED"))
    );
    assert_eq!(error["message"], "You exceeded your current quota.");
    let answer = lab.post(MESSAGES, &fault, messages("gpt-4", false)).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (429, &json!("rate_limit_error"))
    );
    let answer = lab
        .post(
            CHAT,
            &[("x-mock-fault", "status=529")],
            chat_stream("claude"),
        )
        .await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(
        answer
            .header("x-upstream-request-id")
            .starts_with("req_mock")
            || answer.header("x-upstream-request-id").is_empty()
    );
    let answer = lab
        .post(CHAT, &[("x-mock-fault", "html502")], chat("claude"))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (502, &json!("server_error"))
    );
    // What the provider refuses, with its own words.
    let answer = lab
        .post(
            MESSAGES,
            &[],
            r#"{"model":"gpt-4","max_tokens":9,"temperature":7,"messages":[{"role":"user","content":"x"}]}"#,
        )
        .await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("temperature"), "{}", answer.text());
}

#[tokio::test]
async fn a_stream_that_breaks_never_ends_cleanly_in_any_format() {
    let plan = Plan {
        policies: vec![("timeouts", r#"{"request":"300ms"}"#.into())],
        ..Plan::default()
    };
    let lab = Lab::start(&plan).await;
    for fault in [
        "chunks=9;cut=3",
        "chunks=9;stall=3",
        "chunks=9;malformed=3",
        "chunks=9;error-event=3",
    ] {
        let fault = [("x-mock-fault", fault)];
        for model in ["gpt-4", "claude", "gemini-pro"] {
            if model != "gpt-4" {
                let text = lab.post(CHAT, &fault, chat_stream(model)).await.text();
                assert!(
                    !text.contains("[DONE]") && !text.contains("\"finish_reason\":\""),
                    "{fault:?} {text}"
                );
                assert!(
                    events(&text).pop().unwrap().1["error"].is_object(),
                    "{fault:?} {text}"
                );
            }
            if model != "claude" {
                let text = lab
                    .post(MESSAGES, &fault, messages(model, true))
                    .await
                    .text();
                assert!(!text.contains("message_stop"), "{fault:?} {text}");
                assert_eq!(events(&text).pop().unwrap().0, "error", "{fault:?} {text}");
            }
            if model != "gemini-pro" {
                let path = generate(model, "streamGenerateContent?alt=sse");
                let text = lab.post(&path, &fault, CONTENTS).await.text();
                assert!(!text.contains("finishReason"), "{fault:?} {text}");
                assert!(
                    events(&text).pop().unwrap().1["error"]["code"].is_number(),
                    "{fault:?} {text}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_is_an_error_and_not_half_an_answer() {
    let lab = Lab::start(&Plan::default()).await;
    let answer = lab
        .post(CHAT, &[("x-mock-fault", "cut-bytes=40")], chat("claude"))
        .await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-error")),
        (502, "network"),
        "{}",
        answer.text()
    );
    let answer = lab
        .post(CHAT, &[("x-mock-fault", "malformed=0")], chat("claude"))
        .await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-error")),
        (502, "server_error"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn tokens_are_counted_across_formats() {
    let lab = Lab::start(&Plan::default()).await;
    let body = r#"{"model":"gemini-pro","system":"be kind","messages":[{"role":"user","content":"one two three"}]}"#;
    let answer = lab.post("/v1/messages/count_tokens", &[], body).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"input_tokens": 5})),
        "{}",
        answer.text()
    );
    let answer = lab
        .post(&generate("claude", "countTokens"), &[], CONTENTS)
        .await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"totalTokens": 1})),
        "{}",
        answer.text()
    );
    // Claude Code estimates by itself where there is no counting.
    let answer = lab
        .post(
            "/v1/messages/count_tokens",
            &[],
            body.replace("gemini-pro", "gpt-4"),
        )
        .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
}

#[tokio::test]
async fn the_caller_s_own_headers_stay_within_their_format() {
    let lab = Lab::start(&Plan::default()).await;
    let headers = [
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "a,b"),
        ("x-api-key", "mine"),
    ];
    let answer = lab
        .post("/v1/messages?beta=true", &headers, messages("gpt-4", false))
        .await;
    assert_eq!(
        (answer.status, answer.header("x-sluice-dropped")),
        (200, "anthropic-beta"),
        "{}",
        answer.text()
    );
    let request = lab.mock.requests().pop().unwrap();
    assert_eq!(
        (request.path.as_str(), request.header("anthropic-beta")),
        ("/v1/chat/completions", None)
    );
    assert_eq!(request.header("authorization"), Some("Bearer provider-key"));
    assert_eq!(request.header("x-api-key"), None);
    // To its own provider they go as they came.
    lab.post(
        "/v1/messages?beta=true",
        &headers,
        messages("claude", false),
    )
    .await;
    let request = lab.mock.requests().pop().unwrap();
    assert_eq!(
        (request.header("anthropic-beta"), request.path.as_str()),
        (Some("a,b"), "/v1/messages?beta=true")
    );
}

#[tokio::test]
async fn responses_and_completions_reach_every_provider() {
    let lab = Lab::start(&Plan::default()).await;
    for model in ["claude", "gemini-pro"] {
        let body = json!({"model": model, "input": "Hello!", "store": false});
        let answer = lab.post("/v1/responses", &[], body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let response = answer.json();
        assert_eq!(
            response["output"][0]["content"][0]["text"],
            "You said: Hello!"
        );
        assert_eq!(
            (&response["status"], &response["usage"]["output_tokens"]),
            (&json!("completed"), &json!(3))
        );
        let body = json!({"model": model, "input": [{"role": "user", "content": "Hello!"}], "stream": true});
        for fault in ["chunks=3", "chunks=3;split=5"] {
            let text = lab
                .post(
                    "/v1/responses",
                    &[("x-mock-fault", fault)],
                    body.to_string(),
                )
                .await
                .text();
            let all = events(&text);
            let numbers: Vec<u64> = all
                .iter()
                .map(|(_, e)| e["sequence_number"].as_u64().unwrap())
                .collect();
            assert!(numbers.iter().copied().eq(0..all.len() as u64), "{text}");
            let (name, last) = all.last().unwrap();
            assert_eq!(
                (name.as_str(), &last["type"]),
                ("response.completed", &json!("response.completed"))
            );
            assert_eq!(
                last["response"]["output"][0]["content"][0]["text"],
                "You said: Hello!"
            );
        }
        let cut = lab
            .post(
                "/v1/responses",
                &[("x-mock-fault", "chunks=9;cut=3")],
                body.to_string(),
            )
            .await
            .text();
        assert!(
            !cut.contains("response.completed") && cut.contains("\"error\":{"),
            "{cut}"
        );
        let prompt = json!({"model": model, "prompt": "Hello!"}).to_string();
        let answer = lab.post("/v1/completions", &[], prompt).await;
        assert_eq!(
            answer.json()["choices"][0]["text"],
            "You said: Hello!",
            "{}",
            answer.text()
        );
        let prompt = json!({"model": model, "prompt": "Hello!", "stream": true}).to_string();
        let text = lab.post("/v1/completions", &[], prompt).await.text();
        let said: String = events(&text)
            .iter()
            .filter_map(|(_, e)| e["choices"][0]["text"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(
            (said.as_str(), text.trim_end().ends_with("[DONE]")),
            ("You said: Hello!", true),
            "{text}"
        );
    }
    let earlier =
        json!({"model": "claude", "input": "x", "previous_response_id": "resp_1"}).to_string();
    let answer = lab.post("/v1/responses", &[], earlier).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (400, &json!("not_translatable"))
    );
}
