//! Upgrades in the ways that people make them: nothing is taken away by a value that was forgotten.

use anyhow::ensure;
use serde_json::json;

use super::world::World;
use crate::cluster::lab;

/// What was made for the AIGateway, and would be another if it had gone.
const MADE: &str = "gateways,httproutes,upstreams,deployments,services,serviceaccounts";

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("load").await?;
    world.wait("aigateway/load", "Ready").await?;
    let outcome = upgrades(world).await;
    upgrade(&["--reset-then-reuse-values", "--set", "ai.enabled=true"]).await?;
    outcome
}

async fn upgrades(world: &World) -> anyhow::Result<()> {
    let made = world.field(MADE, "{.items[*].metadata.uid}").await?;
    upgrade(&["--set", "replicas=1"]).await?;
    world
        .wait_for("aigateway/load", "{.status.phase}", "Failed")
        .await?;
    let ready = r#"{.status.conditions[?(@.type=="Ready")].reason}"#;
    let reason = world.field("aigateway/load", ready).await?;
    ensure!(reason == "AIDisabled", "it is refused, and not {reason}");
    let change = json!({ "spec": { "dataPlane": { "replicas": 1 } } });
    world.merge("aigateway/load", &change).await?;
    // Long enough for whatever would be deleted or changed.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let now = world.field(MADE, "{.items[*].metadata.uid}").await?;
    ensure!(now == made, "what runs goes on: {made} became {now}");
    let address = world
        .field("aigateway/load", "{.status.addresses[0].value}")
        .await?;
    answers(world, &address).await?;
    world.tell(
        "| plain, `ai.enabled` forgotten | refused in status; the same objects, and they answer |",
    );

    for how in ["--reset-then-reuse-values", "--reuse-values"] {
        upgrade(&[how, "--set", "ai.enabled=true"]).await?;
        world.wait("aigateway/load", "Ready").await?;
        upgrade(&[how, "--set", "replicas=1"]).await?;
        world.wait("aigateway/load", "Ready").await?;
        answers(world, &address).await?;
        world.tell(&format!("| `{how}` | Ready, and answers |"));
    }
    let now = world.field(MADE, "{.items[*].metadata.uid}").await?;
    ensure!(now == made, "nothing was made anew: {made} became {now}");
    world.kubectl(["delete", "aigateway/load"]).await?;
    world
        .eventually(
            MADE,
            "{.items[*].metadata.labels.sluice\\.dev/aigateway}",
            "",
        )
        .await
}

async fn upgrade(how: &[&str]) -> anyhow::Result<()> {
    let namespace = ["--namespace", "sluice-system"];
    let mut helm = lab::tool("helm", ["upgrade", "sluice", "charts/sluice"]);
    helm.args(namespace)
        .args(how)
        .args(["--wait", "--timeout", "120s"]);
    helm.current_dir(crate::generate::root());
    lab::output(&mut helm).await?;
    Ok(())
}

async fn answers(world: &World, address: &str) -> anyhow::Result<()> {
    let question = json!({ "messages": [{ "role": "user", "content": "Hello" }] });
    let url = format!("http://{address}/chat");
    world.post(&url, &question).await?.json(200)?;
    Ok(())
}
