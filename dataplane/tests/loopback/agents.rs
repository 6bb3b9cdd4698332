//! What coding agents hold a gateway to: Claude Code (its documentation, "LLM gateway configuration") and Codex.

use serde_json::{Value, json};

use crate::support::{Lab, Plan};

/// As Claude Code sends it: instructions in blocks, cache markers, thinking, fields that go with a beta header.
const CLAUDE_CODE: &str = r#"{"model":"claude","max_tokens":32000,"stream":true,"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2"},{"type":"text","text":"You are a coding agent.","cache_control":{"type":"ephemeral","ttl":"1h"}}],"tools":[{"name":"Bash","input_schema":{"type":"object","properties":{}},"eager_input_streaming":true}],"thinking":{"type":"enabled","budget_tokens":4000},"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},"metadata":{"user_id":"user_1"},"messages":[{"role":"user","content":[{"type":"text","text":"List the files."}]},{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2ln"},{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"cmd":"ls"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"a.rs","cache_control":{"type":"ephemeral"}}]}]}"#;

const BETAS: &str = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,x-new-2027-01-01";

#[tokio::test]
async fn claude_code_s_requests_reach_anthropic_as_they_are() {
    let lab = Lab::start(&Plan::default()).await;
    let headers = [
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", BETAS),
        ("anthropic-dangerous-direct-browser-access", "true"),
        ("x-claude-code-session-id", "s"),
    ];
    let answer = lab
        .post("/v1/messages?beta=true", &headers, CLAUDE_CODE)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.text().contains("event: message_stop"),
        "{}",
        answer.text()
    );
    let request = lab.mock.requests().pop().unwrap();
    assert_eq!(
        (&request.body[..], request.path.as_str()),
        (CLAUDE_CODE.as_bytes(), "/v1/messages?beta=true")
    );
    for (name, value) in headers {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    let models = lab
        .get(
            "/v1/models?limit=1000",
            &[("anthropic-version", "2023-06-01")],
        )
        .await
        .json();
    assert!(models["data"][0]["id"].is_string() && models["data"][0]["display_name"].is_string());
}

#[tokio::test]
async fn claude_code_s_requests_are_answered_by_every_provider() {
    let lab = Lab::start(&Plan::default()).await;
    for model in ["gpt-4", "gemini-pro"] {
        let body = CLAUDE_CODE.replace("\"claude\"", &format!("{model:?}"));
        let answer = lab
            .post(
                "/v1/messages?beta=true",
                &[("anthropic-beta", BETAS)],
                body.clone(),
            )
            .await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        assert!(
            answer.text().contains("a.rs") && answer.text().contains("event: message_stop"),
            "{}",
            answer.text()
        );
        // Each field that could not come along is named.
        for field in [
            "context_management",
            "tools[].eager_input_streaming",
            "anthropic-beta",
        ] {
            assert!(
                answer.header("x-sluice-dropped").contains(field),
                "{}",
                answer.header("x-sluice-dropped")
            );
        }
        // Where nobody counts, Claude Code estimates.
        let counted = lab
            .post(
                "/v1/messages/count_tokens",
                &[],
                body.replace("\"max_tokens\":32000,\"stream\":true,", ""),
            )
            .await;
        assert_eq!(
            counted.status,
            if model == "gpt-4" { 404 } else { 200 },
            "{}",
            counted.text()
        );
    }
}

/// As Codex sends it: instructions, items that only this format has, reasoning that only OpenAI can read, tools of its own.
fn codex(model: &str, items: bool) -> Value {
    let mut input = vec![
        json!({"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Sandboxed."}]}),
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List the files."}]}),
        json!({"type": "reasoning", "summary": [], "content": null, "encrypted_content": "gAAA"}),
        json!({"type": "function_call", "name": "shell", "arguments": "{\"command\":[\"ls\"]}", "call_id": "call_1"}),
        json!({"type": "function_call_output", "call_id": "call_1", "output": "a.rs"}),
    ];
    if items {
        input.push(
            json!({"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** Begin"}),
        );
        input.push(json!({"type": "custom_tool_call_output", "call_id": "c2", "output": "done"}));
        input.push(json!({"type": "something_of_tomorrow", "x": [1, {"y": null}]}));
    }
    json!({
        "model": model, "stream": true, "store": false, "instructions": "You are Codex.", "input": input,
        "tools": [
            {"type": "function", "name": "shell", "strict": false, "parameters": {"type": "object", "properties": {}}},
            {"type": "web_search", "external_web_access": false},
        ],
        "tool_choice": "auto", "parallel_tool_calls": false, "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"], "prompt_cache_key": "k", "text": {"verbosity": "low"},
    })
}

#[tokio::test]
async fn codex_requests_reach_openai_with_items_that_nobody_knows() {
    let lab = Lab::start(&Plan::default()).await;
    let body = codex("gpt-4", true).to_string();
    let answer = lab.post("/v1/responses", &[], body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("event: response.completed"));
    assert_eq!(lab.mock.requests().pop().unwrap().body, body.as_bytes());
    // It looks for `models`, and falls back at once where there is no WebSocket.
    assert!(lab.get("/v1/models", &[]).await.json()["models"].is_array());
    assert_eq!(
        lab.get(
            "/v1/responses",
            &[("upgrade", "websocket"), ("connection", "upgrade")]
        )
        .await
        .status,
        426
    );
}

#[tokio::test]
async fn codex_requests_are_answered_by_every_provider() {
    let lab = Lab::start(&Plan::default()).await;
    for model in ["claude", "gemini-pro"] {
        let answer = lab
            .post("/v1/responses", &[], codex(model, false).to_string())
            .await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        assert!(
            answer.text().contains("event: response.completed") && answer.text().contains("a.rs")
        );
        for field in ["tools[].web_search", "input[].reasoning", "text.verbosity"] {
            assert!(
                answer.header("x-sluice-dropped").contains(field),
                "{}",
                answer.header("x-sluice-dropped")
            );
        }
        let unknown = lab
            .post("/v1/responses", &[], codex(model, true).to_string())
            .await;
        assert_eq!(
            (unknown.status, &unknown.json()["error"]["code"]),
            (400, &json!("not_translatable"))
        );
        // A call of its own tools is carried, what nobody knows is not.
        assert!(
            unknown.text().contains("something_of_tomorrow"),
            "{}",
            unknown.text()
        );
    }
}
