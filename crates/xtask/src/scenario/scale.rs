//! Thousands of routes and policies: what a change costs the operator.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::api::{Api, ours, spec};
use super::world::World;
use crate::cluster::lab;

const SIZES: [usize; 2] = [1_000, 5_000];
/// Changes that are averaged over.
const CHANGES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("scale").await?;
    world.wait("gateway/scale", "Programmed").await?;
    let api = Api::start().await?;
    world.tell("| routes and policies | compile, mean | pushed per change and pod | objects written per change | operator's memory | change to status, median |\n| --- | --- | --- | --- | --- | --- |");
    let mut there = 0;
    for size in SIZES {
        let began = Instant::now();
        let create = (there..size).map(|i| create(&api, &world.namespace, i));
        stream::iter(create)
            .buffer_unordered(16)
            .try_collect::<()>()
            .await?;
        there = size;
        settle(world, &api, size).await?;
        println!(
            "    {size} routes and policies are there after {:.0} s",
            began.elapsed().as_secs_f64()
        );
        let before = Numbers::read(&api).await?;
        let times = change(world, &api, size).await?;
        let after = Numbers::read(&api).await?;
        let compiles = (after.compiles - before.compiles).max(1.0);
        let each = |a: f64, b: f64| (a - b) / CHANGES as f64;
        world.tell(&format!(
            "| {size} | {:.0} ms | {:.0} bytes | {:.1} | {:.0} MiB | {:.0} ms |",
            (after.compiling - before.compiling) / compiles * 1e3,
            each(after.pushed, before.pushed),
            each(after.writes, before.writes),
            after.memory / f64::from(1 << 20),
            times[times.len() / 2].as_secs_f64() * 1e3,
        ));
    }
    Ok(())
}

/// A route and its policy.
async fn create(api: &Api, namespace: &str, i: usize) -> anyhow::Result<()> {
    let name = format!("r{i}");
    let policy = json!({
        "apiVersion": "sluice.dev/v1alpha1", "kind": "RoutePolicy",
        "metadata": { "name": name },
        "spec": { "ai": { "promptEnrichment": { "prepend": [{ "role": "SYSTEM", "content": format!("{i}") }] } } },
    });
    api.create(&ours(namespace, "routepolicies"), &policy)
        .await?;
    let filter = json!({
        "type": "ExtensionRef",
        "extensionRef": { "group": "sluice.dev", "kind": "RoutePolicy", "name": name },
    });
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": { "name": name },
        "spec": {
            "parentRefs": [{ "name": "scale" }],
            "rules": [{
                "matches": [{ "path": { "type": "PathPrefix", "value": format!("/{name}") } }],
                "filters": [filter],
                "backendRefs": [{ "group": "sluice.dev", "kind": "Upstream", "name": "scale" }],
            }],
        },
    });
    api.create(
        &format!("/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"),
        &route,
    )
    .await
}

/// Waits until everything is attached and the operator writes nothing more.
async fn settle(world: &World, api: &Api, size: usize) -> anyhow::Result<()> {
    let attached = "{.status.listeners[0].attachedRoutes}";
    let deadline = Instant::now() + PATIENCE;
    while world.field("gateway/scale", attached).await? != size.to_string() {
        ensure!(
            Instant::now() < deadline,
            "not all {size} routes are attached"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut writes = -1.0;
    loop {
        let now = Numbers::read(api).await?.writes;
        if (now - writes).abs() < 0.5 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the operator goes on writing");
        writes = now;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
}

/// Changes one policy after the other; gives the time until each one's status says that all data planes have it.
async fn change(world: &World, api: &Api, size: usize) -> anyhow::Result<Vec<Duration>> {
    let policies = ours(&world.namespace, "routepolicies");
    let mut times = Vec::new();
    for i in 0..CHANGES {
        let name = format!("r{}", i * size / CHANGES);
        let mut states = api.watch(&policies, &name);
        // The state as it is: the watch has begun.
        states.recv().await.context("the watch ended")?;
        let prompt = json!([{ "role": "SYSTEM", "content": format!("changed {i} of {size}") }]);
        let began = Instant::now();
        let edit = spec(json!({ "ai": { "promptEnrichment": { "prepend": prompt } } }));
        let changed = api.merge(&format!("{policies}/{name}"), &edit).await?;
        let generation = changed["metadata"]["generation"].clone();
        let seen = async {
            while let Some(state) = states.recv().await {
                let conditions = state["status"]["conditions"]
                    .as_array()
                    .into_iter()
                    .flatten();
                let mut programmed = conditions.into_iter().filter(|c| c["type"] == "Programmed");
                if programmed
                    .any(|c| c["status"] == "True" && c["observedGeneration"] == generation)
                {
                    return true;
                }
            }
            false
        };
        ensure!(
            tokio::time::timeout(PATIENCE, seen).await?,
            "the watch ended"
        );
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times)
}

/// What the operator says of itself, and its node of it.
struct Numbers {
    compiles: f64,
    /// Seconds.
    compiling: f64,
    /// Bytes.
    pushed: f64,
    writes: f64,
    /// Bytes.
    memory: f64,
}

impl Numbers {
    async fn read(api: &Api) -> anyhow::Result<Self> {
        let operator = [
            "get",
            "pods",
            "--namespace=sluice-system",
            "-o=jsonpath={.items[0].metadata.name}",
        ];
        let pod = lab::output(&mut lab::tool("kubectl", operator)).await?;
        let metrics = api
            .text(&format!(
                "/api/v1/namespaces/sluice-system/pods/{pod}:19000/proxy/metrics"
            ))
            .await?;
        let sum = |name: &str| -> f64 {
            let of = metrics.lines().filter(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(['{', ' ']))
            });
            of.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum()
        };
        let stats = api.get("/api/v1/nodes/node/proxy/stats/summary").await?;
        let pods = stats["pods"].as_array().into_iter().flatten();
        let own = pods
            .into_iter()
            .find(|p| p["podRef"]["name"] == pod.as_str())
            .unwrap_or(&Value::Null);
        Ok(Self {
            compiles: sum("sluice_operator_compile_seconds_count"),
            compiling: sum("sluice_operator_compile_seconds_sum"),
            pushed: sum("sluice_operator_pushed_bytes_total"),
            writes: sum("sluice_operator_writes_total"),
            memory: own["memory"]["workingSetBytes"]
                .as_f64()
                .unwrap_or_default(),
        })
    }
}
