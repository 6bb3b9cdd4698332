//! A key is changed, then taken away, while a stream is in flight.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;
use sluice_mock::Fault;

use super::world::World;
use crate::http::Request;

/// After this time the old key must not be used any more.
const BOUND: Duration = Duration::from_secs(2);

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("kong").await?;
    world.wait("aigateway/kong-aigateway", "Ready").await?;
    let chat = format!("{}/devteam-chatgpt", world.address("kong-aigateway").await?);
    let question = json!({ "messages": [{ "role": "user", "content": "Hello" }] });
    world.post(&chat, &question).await?.json(200)?;
    ensure!(
        key(world)? == "Bearer sk-double",
        "the first key goes along"
    );

    // A stream of about six seconds lives through all of it.
    let long = Fault {
        chunks: Some(60),
        interval: Duration::from_millis(100),
        ..Fault::default()
    };
    world.providers.mock.fault_next(long);
    let (begun, begins) = tokio::sync::oneshot::channel();
    let url = chat.clone();
    let stream = tokio::spawn(async move {
        let question = json!({ "messages": [{ "role": "user", "content": "Tell me a story" }], "stream": true });
        let mut begun = Some(begun);
        let each = |line: &str| {
            if line.starts_with("data: ") {
                begun.take().map(|begun| begun.send(()));
            }
        };
        Request::post(&url, &question).send_each(each).await
    });
    begins.await?;

    world
        .merge(
            "secret/acme-ai-cloud-providers",
            &json!({ "stringData": { "openai": "sk-new" } }),
        )
        .await?;
    let changed = Instant::now();
    loop {
        world.post(&chat, &question).await?.json(200)?;
        if key(world)? == "Bearer sk-new" {
            break;
        }
        ensure!(
            changed.elapsed() < BOUND,
            "the old key is used after {:?}",
            changed.elapsed()
        );
    }
    println!(
        "    the new key is used {} ms after the change",
        changed.elapsed().as_millis()
    );
    for _ in 0..50 {
        world.post(&chat, &question).await?.json(200)?;
        ensure!(
            key(world)? == "Bearer sk-new",
            "once used, the new key stays"
        );
    }

    world
        .kubectl(["delete", "secret/acme-ai-cloud-providers"])
        .await?;
    let deleted = Instant::now();
    let refused = loop {
        let answer = world.post(&chat, &question).await?;
        if answer.status != 200 {
            break answer;
        }
        ensure!(
            deleted.elapsed() < BOUND,
            "the deleted key is used after {:?}",
            deleted.elapsed()
        );
    };
    println!(
        "    the deleted key is used no more after {} ms",
        deleted.elapsed().as_millis()
    );
    ensure!(
        refused.status == 500,
        "who calls is told so: {} {}",
        refused.status,
        refused.text
    );
    ensure!(
        !refused.text.contains("acme-ai"),
        "but not how the Secret is called: {}",
        refused.text
    );
    let sent = world.providers.mock.counts().received;
    for _ in 0..20 {
        ensure!(
            world.post(&chat, &question).await?.status == 500,
            "it stays so"
        );
    }
    ensure!(
        world.providers.mock.counts().received == sent,
        "and nothing is sent"
    );
    world
        .wait_for("aigateway/kong-aigateway", "{.status.phase}", "Failed")
        .await?;

    let whole = stream.await??;
    ensure!(
        whole.status == 200 && whole.text.contains("[DONE]"),
        "the stream ended whole: {}",
        whole.text
    );
    Ok(())
}

fn key(world: &World) -> anyhow::Result<String> {
    Ok(world
        .providers
        .last()?
        .header("authorization")
        .unwrap_or_default()
        .to_owned())
}
