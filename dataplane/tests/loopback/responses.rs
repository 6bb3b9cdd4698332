//! Models of OpenAI's that have Responses alone, for callers of other formats.

use serde_json::{Value, json};

use crate::support::{Lab, Plan};

const MODEL: &str = "gpt-5-codex";

async fn mk_lab() -> Lab {
    Lab::start(&Plan {
        models: vec![(MODEL, "openai")],
        ..Plan::default()
    })
    .await
}

fn sent(lab: &Lab) -> (String, Value) {
    let request = lab.mock.requests().pop().unwrap();
    (
        request.path.clone(),
        serde_json::from_slice(&request.body).unwrap(),
    )
}

#[tokio::test]
async fn chat_is_sent_as_responses_and_nothing_is_kept_there() {
    let lab = mk_lab().await;
    let tool = json!({"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}});
    let body = json!({"model": MODEL, "max_completion_tokens": 64, "reasoning_effort": "high", "tools": [tool],
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]});
    let answer = lab
        .post("/v1/chat/completions", &[], body.to_string())
        .await;
    assert_eq!(
        answer.json()["choices"][0]["message"]["content"],
        "You said: hi [system: s]",
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("x-sluice-dropped"), "");
    let (path, request) = sent(&lab);
    assert_eq!(
        (path.as_str(), &request["store"], &request["instructions"]),
        ("/v1/responses", &json!(false), &json!("s"))
    );
    assert_eq!(
        (
            &request["reasoning"]["effort"],
            &request["max_output_tokens"]
        ),
        (&json!("high"), &json!(64))
    );
    // Strict is what it would be if nothing were said, other than in chat.
    assert_eq!(request["tools"][0]["strict"], false);
}

#[tokio::test]
async fn sealed_thoughts_go_to_the_caller_and_come_back() {
    let lab = mk_lab().await;
    let think = [("x-mock-fault", "reasoning")];
    let ask = |history: Value| {
        json!({"model": MODEL, "max_tokens": 2000, "messages": history}).to_string()
    };
    let question = json!({"role": "user", "content": "hi"});
    let answer = lab
        .post("/v1/messages", &think, ask(json!([question])))
        .await
        .json();
    assert_eq!(
        answer["content"][0]["signature"], "sluice.openai.gAAAmock",
        "{answer}"
    );
    let history = json!([question, {"role": "assistant", "content": answer["content"]}, question]);
    assert_eq!(
        lab.post("/v1/messages", &think, ask(history)).await.status,
        200
    );
    let item = &sent(&lab).1["input"][1];
    assert_eq!(
        (&item["type"], &item["encrypted_content"]),
        (&json!("reasoning"), &json!("gAAAmock"))
    );
    // Chat has no place of its own for it: it travels as LiteLLM's clients know it.
    let body = json!({"model": MODEL, "messages": [question]}).to_string();
    let message =
        lab.post("/v1/chat/completions", &think, body).await.json()["choices"][0]["message"]
            .clone();
    let body = json!({"model": MODEL, "messages": [question, message, question]}).to_string();
    assert_eq!(
        lab.post("/v1/chat/completions", &think, body).await.status,
        200
    );
    assert_eq!(sent(&lab).1["input"][1]["encrypted_content"], "gAAAmock");
}

#[tokio::test]
async fn azure_s_deployment_stands_where_the_path_has_no_place_for_it() {
    let models = vec![(MODEL, "azure"), ("gpt-4o", "azure")];
    let lab = Lab::start(&Plan {
        models,
        ..Plan::default()
    })
    .await;
    let chat = |model: &str| {
        json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string()
    };
    let responses = json!({"model": "gpt-4o", "input": "hi"}).to_string();
    for (path, body, asked, model) in [
        (
            "/v1/responses",
            responses,
            "/openai/responses?api-version=2024-10-21",
            "mine",
        ),
        (
            "/v1/chat/completions",
            chat(MODEL),
            "/openai/responses?api-version=2024-10-21",
            "mine",
        ),
        // Here the path decides, and the body stays as it came.
        (
            "/v1/chat/completions",
            chat("gpt-4o"),
            "/openai/deployments/mine/chat/completions?api-version=2024-10-21",
            "gpt-4o",
        ),
    ] {
        let answer = lab.post(path, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let (sent, body) = sent(&lab);
        assert_eq!((sent.as_str(), &body["model"]), (asked, &json!(model)));
    }
}

#[tokio::test]
async fn a_responses_request_still_passes_byte_for_byte() {
    let lab = mk_lab().await;
    let body = format!("{{ \"model\" : \"{MODEL}\",\"input\":\"hi\" , \"tomorrow\":null}}");
    lab.post("/v1/responses", &[], body.clone()).await;
    assert_eq!(lab.mock.requests().pop().unwrap().body, body.as_bytes());
}
