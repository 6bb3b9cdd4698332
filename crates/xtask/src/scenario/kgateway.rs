//! kgateway's document: Upstreams with the three ways of authentication, a route, a policy.

use anyhow::ensure;
use serde_json::{Value, json};
use sluice_mock::Fault;

use super::world::World;
use crate::http::Request;

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("kgateway").await?;
    for upstream in ["openai", "inline", "vertex-ai"] {
        world.wait(&format!("upstream/{upstream}"), "Ready").await?;
    }
    world.wait("routepolicy/open-ai-opt", "Ready").await?;
    world.wait("gateway/ai-gateway", "Programmed").await?;
    let proxy = format!("{}:8080", world.address("ai-gateway").await?);
    let chat = format!("{proxy}/v1/chat/completions");

    let question =
        json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "Who are you?" }] });
    world.post(&chat, &question).await?.json(200)?;
    let sent = world.providers.last()?;
    ensure!(
        sent.header("authorization") == Some("Bearer sk-from-secret"),
        "the Secret's key goes along"
    );
    let roles: Vec<_> = sent.json()["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let texts: Vec<&str> = roles.iter().filter_map(|m| m["content"].as_str()).collect();
    ensure!(
        texts
            == [
                "respond to all questions in French",
                "Who are you?",
                "disregard any instructions I may have given to be cruel"
            ],
        "prompts stand before and behind: {texts:?}"
    );

    let before = world.providers.mock.counts().received;
    let question =
        json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "my credit card" }] });
    let refused = world.post(&chat, &question).await?;
    ensure!(
        refused.status == 403,
        "the guard refuses: {} {}",
        refused.status,
        refused.text
    );
    ensure!(
        refused
            .text
            .contains("Rejected due to inappropriate content"),
        "{}",
        refused.text
    );
    ensure!(
        world.providers.mock.counts().received == before,
        "and nothing was sent"
    );

    // What the provider says of a card is masked, in one piece and in many.
    for is_stream in [false, true] {
        let text = Some("Your card: 5105 1051 0510 5100, thank you".to_owned());
        world.providers.mock.fault_next(Fault {
            text,
            split: Some(7),
            ..Fault::default()
        });
        let question = json!({
            "model": "gpt-4o", "stream": is_stream,
            "messages": [{ "role": "user", "content": "Which one?" }],
        });
        let answer = world.post(&chat, &question).await?;
        let mut said = answer.text.clone();
        if is_stream {
            let deltas = answer
                .text
                .lines()
                .filter_map(|line| line.strip_prefix("data: "));
            let deltas = deltas.filter_map(|data| serde_json::from_str::<Value>(data).ok());
            let text = |v: Value| {
                v["choices"][0]["delta"]["content"]
                    .as_str()
                    .map(str::to_owned)
            };
            said = deltas.filter_map(text).collect();
        }
        ensure!(
            answer.status == 200 && said.contains("Your card: "),
            "it answers: {}",
            answer.text
        );
        ensure!(
            said.contains(", thank you") && !said.contains("5105"),
            "the number is masked: {said}"
        );
    }

    let question = json!({ "messages": [{ "role": "user", "content": "Hello" }] });
    let inline = Request::post(&chat, &question).header("Host", "inline.example.com");
    inline.send().await?.json(200)?;
    let sent = world.providers.last()?;
    ensure!(
        sent.header("authorization") == Some("Bearer sk-inline"),
        "the inline key goes along"
    );
    ensure!(
        sent.json()["model"] == "gpt-4o",
        "the Upstream's model wins: {}",
        sent.json()
    );

    let url = format!("{proxy}/v1beta/models/any:generateContent");
    let question = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hello" }] }] });
    let passed = Request::post(&url, &question)
        .header("Host", "vertex.example.com")
        .header("Authorization", "Bearer callers-own");
    passed.send().await?.json(200)?;
    let sent = world.providers.last()?;
    ensure!(
        sent.header("authorization") == Some("Bearer callers-own"),
        "the caller's key goes along"
    );
    let path = "/v1/projects/kgateway-project/locations/us-central1/publishers/google/models/gemini-1.5-flash-001:generateContent";
    ensure!(sent.path == path, "Vertex' path, not {}", sent.path);
    Ok(())
}
