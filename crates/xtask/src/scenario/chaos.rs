//! What happens to requests and streams while everything around them changes.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use super::api::{Api, ours, spec};
use super::latency::MESSAGE;
use super::load::Load;
use super::world::World;
use crate::cluster::lab;

/// Before and after each disturbance.
const CALM: Duration = Duration::from_secs(4);

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("load").await?;
    world.wait("aigateway/load", "Ready").await?;
    world
        .wait_for("deployment/load-sluice", "{.status.readyReplicas}", "3")
        .await?;
    let address = world
        .field("service/load-sluice", "{.spec.clusterIP}")
        .await?;
    let mut report = Report {
        world,
        load: Load::start(&format!("http://{address}/chat")),
        lost: 0,
    };
    world.tell("| while | requests | streams | lost |\n| --- | --- | --- | --- |");
    let outcome = disturb(world, &mut report).await;
    system(["scale", "deployment/sluice-operator", "--replicas=1"]).await?;
    let lost = report.lost;
    let counts = report.load.stop().await;
    for (why, times) in counts.lost() {
        world.tell(&format!("\nlost {times} times: {why}"));
    }
    outcome?;
    ensure!(lost == 0, "{lost} were lost though no pod was killed");
    Ok(())
}

struct Report<'a> {
    world: &'a World,
    load: Load,
    /// Those that need not have been lost.
    lost: u64,
}

impl Report<'_> {
    /// Runs a disturbance, and counts what was lost during it.
    async fn during(
        &mut self,
        what: &str,
        disturbance: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let counts = self.load.counts.clone();
        let look = || {
            let (requests, streams) = (&counts.requests, &counts.streams);
            let lost: u64 = counts.lost().values().sum();
            (
                requests.load(Ordering::Relaxed),
                streams.load(Ordering::Relaxed),
                lost,
            )
        };
        let before = look();
        tokio::time::sleep(CALM).await;
        disturbance.await?;
        tokio::time::sleep(CALM).await;
        let after = look();
        let (requests, streams, lost) =
            (after.0 - before.0, after.1 - before.1, after.2 - before.2);
        self.world
            .tell(&format!("| {what} | {requests} | {streams} | {lost} |"));
        self.lost += lost;
        Ok(())
    }
}

async fn disturb(world: &World, report: &mut Report<'_>) -> anyhow::Result<()> {
    let deployment = "deployment/load-sluice";
    report.during("nothing", async { Ok(()) }).await?;
    report
        .during("the operator is killed and comes back", kill_operator())
        .await?;
    system(["scale", "deployment/sluice-operator", "--replicas=2"]).await?;
    settled().await?;
    report
        .during("the leader of two operators is killed", kill_leader())
        .await?;
    report
        .during("five pods, then three", async {
            world
                .merge(
                    "aigateway/load",
                    &spec(json!({ "dataPlane": { "replicas": 5 } })),
                )
                .await?;
            world
                .wait_for(deployment, "{.status.readyReplicas}", "5")
                .await?;
            world
                .merge(
                    "aigateway/load",
                    &spec(json!({ "dataPlane": { "replicas": 3 } })),
                )
                .await?;
            world.wait_for(deployment, "{.status.replicas}", "3").await
        })
        .await?;
    report
        .during("every pod is replaced, one after the other", async {
            let memory = json!({ "requests": { "memory": "65Mi" } });
            world
                .merge(
                    "aigateway/load",
                    &spec(json!({ "dataPlane": { "resources": memory } })),
                )
                .await?;
            world.programmed("aigateway/load").await?;
            world
                .kubectl(["rollout", "status", deployment, "--timeout=180s"])
                .await?;
            Ok(())
        })
        .await?;
    report
        .during("a pod is deleted", async {
            let pod = pod(world).await?;
            world.kubectl(["delete", &pod, "--wait=false"]).await?;
            world
                .kubectl(["rollout", "status", deployment, "--timeout=180s"])
                .await?;
            Ok(())
        })
        .await?;
    report
        .during("a Secret is rotated ten times", rotate(world, 10))
        .await?;
    report
        .during("200 changes of configuration", edit(world, 200))
        .await?;
    report
        .during("a key is revoked while the leader changes", revoke(world))
        .await?;
    let saved = report.lost;
    report
        .during("a pod is killed at once", async {
            let pod = pod(world).await?;
            world
                .kubectl(["delete", &pod, "--grace-period=0", "--force"])
                .await?;
            world
                .kubectl(["rollout", "status", deployment, "--timeout=180s"])
                .await?;
            Ok(())
        })
        .await?;
    // Nothing can save what it had in flight.
    report.lost = saved;
    Ok(())
}

async fn system<const N: usize>(args: [&str; N]) -> anyhow::Result<String> {
    lab::output(&mut lab::tool(
        "kubectl",
        args.iter().chain(&["--namespace=sluice-system"]),
    ))
    .await
}

async fn settled() -> anyhow::Result<()> {
    system([
        "rollout",
        "status",
        "deployment/sluice-operator",
        "--timeout=120s",
    ])
    .await?;
    Ok(())
}

async fn kill_operator() -> anyhow::Result<()> {
    let pods = "--selector=app.kubernetes.io/name=sluice";
    system(["delete", "pods", pods, "--grace-period=0", "--force"]).await?;
    settled().await
}

async fn kill_leader() -> anyhow::Result<()> {
    let holder = system([
        "get",
        "lease/sluice-operator",
        "-o=jsonpath={.spec.holderIdentity}",
    ])
    .await?;
    let pods = system(["get", "pods", "-o=name"]).await?;
    let leader = pods
        .lines()
        .find(|pod| holder.contains(pod.trim_start_matches("pod/")));
    let leader = leader.ok_or_else(|| anyhow::anyhow!("no pod holds the lease: {holder}"))?;
    system(["delete", leader, "--grace-period=0", "--force"]).await?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while system([
        "get",
        "lease/sluice-operator",
        "-o=jsonpath={.spec.holderIdentity}",
    ])
    .await?
        == holder
    {
        ensure!(Instant::now() < deadline, "nobody takes over");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    settled().await
}

async fn pod(world: &World) -> anyhow::Result<String> {
    let pods = world
        .kubectl([
            "get",
            "pods",
            "--selector=app.kubernetes.io/name=sluice-dataplane",
            "-o=name",
        ])
        .await?;
    pods.lines()
        .next()
        .map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("there is no pod"))
}

async fn set_key(world: &World, key: &str) -> anyhow::Result<()> {
    world
        .merge("secret/keys", &json!({ "stringData": { "openai": key } }))
        .await
}

async fn rotate(world: &World, times: usize) -> anyhow::Result<()> {
    for i in 1..=times {
        let key = format!("key-{i}");
        set_key(world, &key).await?;
        let after = last_use_of_others(world, &key, Duration::from_secs(2)).await?;
        ensure!(
            after < Duration::from_secs(2),
            "another key than {key} is used after {after:?}"
        );
    }
    Ok(())
}

/// Watches what providers are sent, for a time: when was another key used last?
async fn last_use_of_others(world: &World, key: &str, time: Duration) -> anyhow::Result<Duration> {
    let (wanted, began) = (format!("Bearer {key}"), Instant::now());
    let mut last = Duration::ZERO;
    world.providers.mock.clear();
    while began.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let sent = world.providers.mock.requests();
        world.providers.mock.clear();
        if sent
            .iter()
            .any(|request| request.header("authorization") != Some(&wanted))
        {
            last = began.elapsed();
        }
    }
    Ok(last)
}

async fn edit(world: &World, times: i64) -> anyhow::Result<()> {
    let api = Api::start().await?;
    let gateway = format!("{}/load", ours(&world.namespace, "aigateways"));
    let mut generation = 0;
    for i in 0..times {
        let hosted = json!([{
            "identifier": "chat", "model": "gpt-4o", "promptType": "chat",
            "defaultPromptParams": { "maxTokens": 101 + i },
            "aiCloudProvider": { "name": "openai" },
        }]);
        let change = spec(json!({ "largeLanguageModels": { "cloudHosted": hosted } }));
        generation = api.merge(&gateway, &change).await?["metadata"]["generation"]
            .as_i64()
            .unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world
        .eventually(
            "aigateway/load",
            MESSAGE,
            &format!("generation {generation} on 3/3 proxies"),
        )
        .await
}

/// The key changes at the moment at which the leader dies. Once the new one is used by all, the old one must never be used again,
/// whichever operator comes.
async fn revoke(world: &World) -> anyhow::Result<()> {
    let (killed, changed) = tokio::join!(kill_leader(), set_key(world, "key-new"));
    killed?;
    changed?;
    let after = last_use_of_others(world, "key-new", Duration::from_secs(20)).await?;
    let after_ms = after.as_millis();
    world.tell(&format!(
        "| (the revoked key was used last {after_ms} ms after the leader had changed) | | | |"
    ));
    ensure!(
        after < Duration::from_secs(2),
        "the revoked key is used {after:?} after the leader had changed"
    );
    kill_operator().await?;
    let again = last_use_of_others(world, "key-new", Duration::from_secs(10)).await?;
    ensure!(
        again.is_zero(),
        "a revoked key is used again, {again:?} after both operators were replaced"
    );
    Ok(())
}
