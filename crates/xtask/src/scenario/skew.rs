//! Versions side by side: `cargo xtask verify skew` has built images of an older commit, tagged `older`.

use anyhow::ensure;
use serde_json::{Value, json};

use super::api::spec;
use super::world::World;
use crate::cluster::lab;

/// The tag of the older images.
pub(crate) const OLDER: &str = "older";

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.tell("| operator | data planes | |\n| --- | --- | --- |");
    world.apply("load").await?;
    pin(world, OLDER).await?;
    works(world, 200).await?;
    world.tell("| this | older | Ready, answers, acknowledges a change |");

    let outcome = async {
        operator(OLDER).await?;
        works(world, 201).await?;
        world.tell("| older | older | likewise |");
        pin(world, env!("CARGO_PKG_VERSION")).await?;
        works(world, 202).await?;
        world.tell("| older | this | likewise |");
        anyhow::Ok(())
    }
    .await;
    operator(env!("CARGO_PKG_VERSION")).await?;
    outcome?;
    works(world, 203).await?;
    world.tell("| this | this | likewise |");
    Ok(())
}

async fn pin(world: &World, version: &str) -> anyhow::Result<()> {
    world
        .merge(
            "aigateway/load",
            &spec(json!({ "dataPlane": { "version": version } })),
        )
        .await?;
    let image = "{.spec.template.spec.containers[0].image}";
    world
        .eventually(
            "deployment/load-sluice",
            image,
            &format!("sluice/dataplane:{version}"),
        )
        .await?;
    world
        .kubectl([
            "rollout",
            "status",
            "deployment/load-sluice",
            "--timeout=180s",
        ])
        .await?;
    Ok(())
}

async fn operator(tag: &str) -> anyhow::Result<()> {
    let set = format!("image.tag={tag}");
    let mut helm = lab::tool(
        "helm",
        [
            "upgrade",
            "sluice",
            "charts/sluice",
            "--namespace",
            "sluice-system",
        ],
    );
    helm.args([
        "--reuse-values",
        "--set-string",
        &set,
        "--wait",
        "--timeout",
        "120s",
    ]);
    helm.current_dir(crate::generate::root());
    lab::output(&mut helm).await?;
    Ok(())
}

/// A change arrives, and the provider sees it.
async fn works(world: &World, max_tokens: i64) -> anyhow::Result<()> {
    let hosted = json!([{
        "identifier": "chat", "model": "gpt-4o", "promptType": "chat",
        "defaultPromptParams": { "maxTokens": max_tokens },
        "aiCloudProvider": { "name": "openai" },
    }]);
    let change = spec(json!({ "largeLanguageModels": { "cloudHosted": hosted } }));
    world.merge("aigateway/load", &change).await?;
    world.programmed("aigateway/load").await?;
    world.wait("aigateway/load", "Ready").await?;
    let address = world
        .field("service/load-sluice", "{.spec.clusterIP}")
        .await?;
    let question = json!({ "messages": [{ "role": "user", "content": "Hello" }] });
    world
        .post(&format!("http://{address}/chat"), &question)
        .await?
        .json(200)?;
    let sent: Value = world.providers.last()?.json();
    ensure!(
        sent["max_tokens"] == max_tokens,
        "the change is there: {sent}"
    );
    Ok(())
}
