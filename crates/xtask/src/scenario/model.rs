//! A real model behind an AIGateway.

use anyhow::ensure;
use serde_json::json;

use super::world::World;
use crate::http::Request;

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("model").await?;
    world.wait("aigateway/local", "Ready").await?;
    let base = world
        .field("aigateway/local", "{.status.addresses[0].value}")
        .await?;
    let chat = format!("http://{base}/v1/chat/completions");

    let mut question = json!({
        "model": "smollm2", "max_tokens": 24,
        "messages": [{ "role": "user", "content": "Say hello." }]
    });
    let answer = world.post(&chat, &question).await?.json(200)?;
    let text = answer["choices"][0]["message"]["content"]
        .as_str()
        .unwrap_or_default();
    ensure!(!text.trim().is_empty(), "an empty answer: {answer}");

    question["stream"] = json!(true);
    let mut events = 0;
    let count = |line: &str| events += usize::from(line.starts_with("data: "));
    let streamed = Request::post(&chat, &question).send_each(count).await?;
    ensure!(
        streamed.status == 200 && streamed.text.contains("[DONE]"),
        "the stream ends: {}",
        streamed.text
    );
    ensure!(events > 2, "it comes in pieces: {}", streamed.text);
    Ok(())
}
