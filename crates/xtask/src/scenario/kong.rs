//! The first gateway, as Kong's document has it: an AIGateway, its Gateway's address, a call from a pod.

use anyhow::ensure;
use serde_json::json;

use super::world::World;

/// As the document prints it.
const QUESTION: &str = r#"{
    "messages": [
        {
            "role": "user",
            "content": "What is the theory of relativity?"
        }
    ]
}"#;

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("kong").await?;
    world.wait("aigateway/kong-aigateway", "Ready").await?;
    world.wait("gateway/kong-aigateway", "Programmed").await?;
    let proxy = world.address("kong-aigateway").await?;

    let question =
        json!({ "messages": [{ "role": "user", "content": "What is the theory of relativity?" }] });
    let answer = world
        .post(&format!("{proxy}/devteam-chatgpt"), &question)
        .await?
        .json(200)?;
    let text = answer["choices"][0]["message"]["content"]
        .as_str()
        .unwrap_or_default();
    ensure!(
        answer["model"] == "gpt-4",
        "the identifier chooses the model, got {answer}"
    );
    ensure!(
        text.contains("relativity") && text.contains("Sherlock Holmes"),
        "the prompt goes along: {text}"
    );
    ensure!(
        world.providers.last()?.json()["max_tokens"] == 50,
        "the parameters go along"
    );

    let prompt = json!({ "prompt": "Write a slogan" });
    let answer = world
        .post(&format!("{proxy}/marketing-team-classic-chatgpt"), &prompt)
        .await?
        .json(200)?;
    ensure!(
        answer["model"] == "gpt-3.5-turbo-instruct",
        "the identifier chooses the model, got {answer}"
    );

    let unknown = world
        .post(&format!("{proxy}/other-team"), &question)
        .await?;
    ensure!(
        unknown.status == 404,
        "no route, no answer: {} {}",
        unknown.status,
        unknown.text
    );

    // The same from a pod, with curl, and answered by a real model.
    let real = json!([{ "name": "openai", "providerType": "openai", "baseURL": "http://smollm2.model.svc" }]);
    world
        .merge(
            "aigateway/kong-aigateway",
            &json!({ "spec": { "providers": real } }),
        )
        .await?;
    world.programmed("aigateway/kong-aigateway").await?;
    let address = format!("{}/devteam-chatgpt", proxy.trim_start_matches("http://"));
    let said = world
        .curl(
            "curl",
            [
                &address,
                "-sS",
                "-H",
                "Content-Type: application/json",
                "-X",
                "POST",
                "-d",
                QUESTION,
            ],
        )
        .await?;
    let answer: serde_json::Value = serde_json::from_str(&said)?;
    let text = answer["choices"][0]["message"]["content"]
        .as_str()
        .unwrap_or_default();
    ensure!(!text.trim().is_empty(), "a model answers: {said}");
    println!("    curl {address}: {}", text.trim().replace('\n', " "));
    Ok(())
}
