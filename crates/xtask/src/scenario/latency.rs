//! From a change to its acknowledgement by every pod.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::api::{Api, ours, spec};
use super::world::World;

const CHANGES: i64 = 200;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("load").await?;
    world.wait("aigateway/load", "Ready").await?;
    world
        .wait_for("deployment/load-sluice", "{.status.readyReplicas}", "3")
        .await?;
    world
        .eventually("aigateway/load", MESSAGE, "generation 1 on 3/3 proxies")
        .await?;
    let api = Api::start().await?;
    let gateways = ours(&world.namespace, "aigateways");
    let mut states = api.watch(&gateways, "load");
    let mut times = Vec::new();
    for i in 0..CHANGES {
        let hosted = json!([{
            "identifier": "chat", "model": "gpt-4o", "promptType": "chat",
            "defaultPromptParams": { "maxTokens": 101 + i },
            "aiCloudProvider": { "name": "openai" },
        }]);
        let began = Instant::now();
        let change = spec(json!({ "largeLanguageModels": { "cloudHosted": hosted } }));
        let changed = api.merge(&format!("{gateways}/load"), &change).await?;
        let generation = changed["metadata"]["generation"]
            .as_i64()
            .context("it has a generation")?;
        let wanted = format!("generation {generation} on 3/3 proxies");
        tokio::time::timeout(PATIENCE, async {
            while let Some(state) = states.recv().await {
                if programmed(&state) == wanted {
                    return Ok(());
                }
            }
            anyhow::bail!("the watch ended")
        })
        .await
        .with_context(|| format!("change {i} is not acknowledged"))??;
        times.push(began.elapsed());
    }
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    world.tell(&format!(
        "{CHANGES} changes with 3 pods, from the request to the status: median {:.0} ms, p90 {:.0} ms, p99 {:.0} ms, at most {:.0} ms",
        at(50),
        at(90),
        at(99),
        at(100)
    ));
    ensure!(times.len() == 200, "all were measured");
    Ok(())
}

pub(super) const MESSAGE: &str = r#"{.status.conditions[?(@.type=="Programmed")].message}"#;

fn programmed(state: &Value) -> &str {
    let conditions = state["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    let programmed = conditions.into_iter().find(|c| c["type"] == "Programmed");
    programmed
        .and_then(|c| c["message"].as_str())
        .unwrap_or_default()
}
