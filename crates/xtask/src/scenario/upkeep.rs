//! What the operator makes: it is put back when somebody changes it, others' objects are left alone, and nothing stays behind.

use anyhow::ensure;
use serde_json::json;

use super::world::World;

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    // Somebody's own Service has the name that the gateway's would have.
    world
        .kubectl([
            "create",
            "service",
            "clusterip",
            "kong-aigateway-sluice",
            "--tcp=80",
        ])
        .await?;
    world.apply("kong").await?;
    let gateway = "aigateway/kong-aigateway";
    world.wait_for(gateway, "{.status.phase}", "Failed").await?;
    let reason = world
        .field(
            gateway,
            r#"{.status.conditions[?(@.type=="Ready")].reason}"#,
        )
        .await?;
    ensure!(
        reason == "NameConflict",
        "somebody else's Service is a conflict, not {reason}"
    );
    let labels = world
        .field("service/kong-aigateway-sluice", "{.metadata.labels}")
        .await?;
    ensure!(!labels.contains("managed-by"), "it is left alone: {labels}");
    world
        .kubectl(["delete", "service/kong-aigateway-sluice"])
        .await?;
    world.wait(gateway, "Ready").await?;

    let routes = world
        .kubectl(["get", "httproutes", "--output=name"])
        .await?;
    let route = routes.lines().next().unwrap_or_default().to_owned();
    let rules = world.field(&route, "{.spec.rules}").await?;
    world
        .merge(
            &route,
            &json!({ "spec": { "hostnames": ["elsewhere.example.com"] } }),
        )
        .await?;
    world.eventually(&route, "{.spec.hostnames}", "").await?;
    ensure!(
        world.field(&route, "{.spec.rules}").await? == rules,
        "and nothing else has changed"
    );
    world
        .kubectl(["scale", "deployment/kong-aigateway-sluice", "--replicas=2"])
        .await?;
    world
        .eventually(
            "deployment/kong-aigateway-sluice",
            "{.status.readyReplicas}",
            "2",
        )
        .await?;
    // Whoever sets the number of pods keeps it, as an autoscaler does.
    let replicas = world
        .field("deployment/kong-aigateway-sluice", "{.spec.replicas}")
        .await?;
    ensure!(
        replicas == "2",
        "the number of pods is its owner's, not {replicas}"
    );
    let all = world
        .kubectl([
            "get",
            "all,httproutes,gateways,upstreams,configmaps",
            "--output=yaml",
        ])
        .await?;
    ensure!(
        !all.contains("sk-double"),
        "the key stands in no generated object"
    );

    world
        .kubectl(["delete", gateway, "--cascade=foreground"])
        .await?;
    let kinds =
        "gateways,httproutes,upstreams,routepolicies,deployments,services,poddisruptionbudgets";
    world
        .eventually(kinds, "{.items[*].metadata.name}", "")
        .await?;
    let left = world
        .field("serviceaccounts,configmaps", "{.items[*].metadata.name}")
        .await?;
    ensure!(!left.contains("sluice"), "this stays behind: {left}");
    Ok(())
}
