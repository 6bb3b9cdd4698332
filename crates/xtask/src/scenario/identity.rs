//! Pods that ask for the configuration of a Gateway that isn't theirs.

use anyhow::ensure;

use super::manifest::manifest;
use super::world::World;
use crate::cluster::lab;

/// A pod that must get nothing.
struct Intruder {
    name: &'static str,
    account: &'static str,
    audience: &'static str,
    /// In a namespace of its own.
    is_elsewhere: bool,
    /// What it is told.
    told: &'static str,
}

const AUDIENCE: &str = "sluice-operator";
const INTRUDERS: [Intruder; 4] = [
    Intruder {
        name: "pod-of-nobody",
        account: "default",
        audience: AUDIENCE,
        is_elsewhere: false,
        told: "refuses this pod",
    },
    Intruder {
        name: "pod-of-another-gateway",
        account: "other-sluice",
        audience: AUDIENCE,
        is_elsewhere: false,
        told: "refuses this pod",
    },
    Intruder {
        name: "pod-of-another-namespace",
        account: "victim-sluice",
        audience: AUDIENCE,
        is_elsewhere: true,
        told: "refuses this pod",
    },
    Intruder {
        name: "token-for-another-audience",
        account: "victim-sluice",
        audience: "https://kubernetes.default.svc",
        is_elsewhere: false,
        told: "does not accept the token",
    },
];

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("identity").await?;
    world.wait("aigateway/victim", "Ready").await?;
    world.wait("aigateway/other", "Ready").await?;
    let elsewhere = World::of(format!("{}-too", world.namespace), world.providers.clone());
    lab::output(&mut lab::tool(
        "kubectl",
        ["create", "namespace", &elsewhere.namespace],
    ))
    .await?;
    elsewhere
        .kubectl(["create", "serviceaccount", "victim-sluice"])
        .await?;
    let certificates = world
        .field("configmap/victim-sluice-ca", r"{.data.ca\.crt}")
        .await?;
    let literal = format!("--from-literal=ca.crt={certificates}");
    elsewhere
        .kubectl(["create", "configmap", "victim-sluice-ca", &literal])
        .await?;

    let outcome = intrude(world, &elsewhere).await;
    elsewhere.end().await?;
    outcome
}

async fn intrude(world: &World, elsewhere: &World) -> anyhow::Result<()> {
    for intruder in &INTRUDERS {
        let home = if intruder.is_elsewhere {
            elsewhere
        } else {
            world
        };
        let pod = manifest("intruder", &world.namespace)?
            .replace("$NAME", intruder.name)
            .replace("$HOME", &home.namespace)
            .replace("$ACCOUNT", intruder.account)
            .replace("$AUDIENCE", intruder.audience);
        lab::apply(&pod).await?;
    }
    for intruder in &INTRUDERS {
        let home = if intruder.is_elsewhere {
            elsewhere
        } else {
            world
        };
        let log = home
            .logged(&format!("pod/{}", intruder.name), intruder.told)
            .await?;
        ensure!(
            !log.contains("configuration applied"),
            "{} got a configuration: {log}",
            intruder.name
        );
        let line = log
            .lines()
            .find(|l| l.contains(intruder.told))
            .unwrap_or_default();
        println!("    {}: {line}", intruder.name);
    }
    // And none of them counts as a proxy.
    let conditions = r#"{.status.conditions[?(@.type=="Programmed")].message}"#;
    let programmed = world.field("aigateway/victim", conditions).await?;
    ensure!(
        programmed.ends_with("on 1/1 proxies"),
        "only its own pod has it: {programmed}"
    );
    Ok(())
}
