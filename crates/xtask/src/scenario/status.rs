//! What status says of each thing that goes wrong, as people see it, and that it says so no more when it is mended.

use anyhow::ensure;
use serde_json::{Value, json};

use super::world::World;

/// Object, phase, the reason of `Ready`, and what the message has to name.
const OURS: [(&str, &str, &str, &str); 9] = [
    (
        "aigateway/secret-missing",
        "Failed",
        "SecretNotFound",
        "nobody-made-it",
    ),
    (
        "aigateway/key-missing",
        "Failed",
        "SecretKeyNotFound",
        "openai",
    ),
    (
        "aigateway/provider-unknown",
        "Failed",
        "ProviderNotFound",
        "vllm",
    ),
    (
        "aigateway/class-missing",
        "Failed",
        "NotOurClass",
        "nobodys",
    ),
    (
        "upstream/grant-missing",
        "Failed",
        "RefNotPermitted",
        "ReferenceGrant",
    ),
    ("upstream/circle", "Failed", "ReferenceCycle", "circle"),
    ("upstream/unused", "Ready", "Ready", ""),
    ("upstream/inline-key", "Ready", "Ready", ""),
    (
        "routepolicy/target-missing",
        "Failed",
        "TargetNotFound",
        "nowhere",
    ),
];

/// Object, where the condition is, and its type, status and reason.
const GATEWAY_APIS: [(&str, &str, &str, &str, &str); 6] = [
    (
        "gateway/edge",
        "/status/conditions",
        "Accepted",
        "True",
        "ListenersNotValid",
    ),
    (
        "gateway/edge",
        "/status/listeners/0/conditions",
        "Programmed",
        "True",
        "Programmed",
    ),
    (
        "gateway/edge",
        "/status/listeners/1/conditions",
        "Programmed",
        "False",
        "Invalid",
    ),
    (
        "gateway/edge",
        "/status/listeners/2/conditions",
        "Accepted",
        "False",
        "UnsupportedProtocol",
    ),
    (
        "httproute/lost-backend",
        "/status/parents/0/conditions",
        "ResolvedRefs",
        "False",
        "BackendNotFound",
    ),
    (
        "httproute/lost-parent",
        "/status/parents/0/conditions",
        "Accepted",
        "False",
        "NoMatchingParent",
    ),
];

pub(super) async fn run(world: &World) -> anyhow::Result<()> {
    world.apply("status").await?;
    for (object, phase, ..) in OURS {
        world.wait_for(object, "{.status.phase}", phase).await?;
    }
    world.wait("gateway/edge", "Programmed").await?;
    println!(
        "{}",
        world
            .kubectl(["get", "aigateways,upstreams,routepolicies"])
            .await?
    );
    for (object, phase, reason, names) in OURS {
        let status = look(world, object).await?;
        let ready = condition(&status["status"]["conditions"], "Ready");
        println!(
            "    {object}: {phase} {reason}: {}",
            text(&ready["message"])
        );
        ensure!(
            ready["reason"] == reason,
            "{object} is {ready}, not {reason}"
        );
        ensure!(
            text(&ready["message"]).contains(names),
            "{object} doesn't name {names}: {ready}"
        );
    }
    for (object, place, kind, is, reason) in GATEWAY_APIS {
        let all = look(world, object).await?;
        let found = condition(all.pointer(place).unwrap_or(&Value::Null), kind).clone();
        println!(
            "    {object} {place}: {kind}={is} {reason}: {}",
            text(&found["message"])
        );
        ensure!(
            found["status"] == is && found["reason"] == reason,
            "{object} {place} is {found}"
        );
    }
    let unused = look(world, "upstream/unused").await?;
    let programmed = condition(&unused["status"]["conditions"], "Programmed");
    ensure!(
        (&programmed["status"], &programmed["reason"])
            == (&json!("Unknown"), &json!("NotReferenced")),
        "an Upstream that nobody refers to is in no snapshot: {programmed}"
    );
    let warned = look(world, "upstream/inline-key").await?;
    let accepted = condition(&warned["status"]["conditions"], "Accepted");
    ensure!(
        text(&accepted["message"]).contains("Secret"),
        "an inline key is a warning: {accepted}"
    );
    ensure!(
        !warned["status"].to_string().contains("sk-inline"),
        "and is not repeated"
    );

    // And mended.
    let keys = json!({ "stringData": { "openai": "sk-double" } });
    world.merge("secret/providers", &keys).await?;
    world.wait("aigateway/key-missing", "Ready").await?;
    world
        .kubectl([
            "create",
            "secret",
            "generic",
            "nobody-made-it",
            "--from-literal=openai=sk-double",
        ])
        .await?;
    world.wait("aigateway/secret-missing", "Ready").await
}

async fn look(world: &World, object: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(
        &world.kubectl(["get", object, "--output=json"]).await?,
    )?)
}

fn condition<'a>(conditions: &'a Value, kind: &str) -> &'a Value {
    let found = conditions
        .as_array()
        .into_iter()
        .flatten()
        .find(|c| c["type"] == kind);
    found.unwrap_or(&Value::Null)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
