//! Status of our own kinds.

use serde_json::{Map, Value, json};
use sluice_compiler::Verdict;
use sluice_compiler::condition::{self, Condition, Delivery, Status};

use super::condition::render;
use crate::delivery::Count;
use crate::provision::Pods;

/// Status of an Upstream or a RoutePolicy.
pub(super) fn object(verdict: &Verdict, delivery: &Delivery, live: &Value, now: &str) -> Value {
    Value::Object(base(
        &condition::derive(verdict, delivery),
        verdict.generation,
        live,
        now,
    ))
}

/// What only an AIGateway's status has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AIGatewayCase {
    /// How many of its data planes run what they should.
    pub(super) count: Count,
    /// Where it is reached: type and value.
    pub(super) addresses: Vec<(String, String)>,
    /// URLs without the host, and models served at each.
    pub(super) paths: Vec<(String, Vec<String>)>,
    /// The port of the first listener.
    pub(super) port: u16,
    /// Whether anything takes its traffic.
    pub(super) pods: Pods,
}

/// Status of an AIGateway.
pub(super) fn ai_gateway(
    verdict: &Verdict,
    delivery: &Delivery,
    gateway: &AIGatewayCase,
    live: &Value,
    now: &str,
) -> Value {
    let mut conditions = condition::derive(verdict, delivery);
    count(&mut conditions, verdict.generation, gateway.count);
    serving(&mut conditions, gateway);
    let mut status = base(&conditions, verdict.generation, live, now);
    if !gateway.addresses.is_empty() {
        let address = |(kind, value): &(String, String)| json!({"type": kind, "value": value});
        status.insert(
            "addresses".into(),
            gateway.addresses.iter().map(address).collect(),
        );
    }
    if let Some((_, host)) = gateway.addresses.first() {
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        let port = if gateway.port == 80 {
            String::new()
        } else {
            format!(":{}", gateway.port)
        };
        let endpoint = |(path, models): &(String, Vec<String>)| {
            let url = format!("http://{host}{port}{path}");
            if models.is_empty() {
                json!({"url": url})
            } else {
                json!({"url": url, "models": models})
            }
        };
        let endpoints: Value = gateway.paths.iter().take(64).map(endpoint).collect();
        status.insert("endpoints".into(), endpoints);
    }
    Value::Object(status)
}

/// Says how many data planes have it.
pub(super) fn count(conditions: &mut [Condition], generation: i64, count: Count) {
    let programmed = conditions
        .iter_mut()
        .find(|c| c.kind == "Programmed" && c.status != Status::False);
    if let Some(programmed) = programmed
        && programmed.reason != "Invalid"
    {
        let Count { current, connected } = count;
        programmed.message = if connected == 0 {
            format!(
                "generation {generation} on 0 proxies: {}",
                programmed.message
            )
        } else {
            format!("generation {generation} on {current}/{connected} proxies")
        };
    }
}

/// Nothing works while no pod takes traffic, or nobody knows where, whatever was acknowledged.
fn serving(conditions: &mut [Condition], gateway: &AIGatewayCase) {
    let Some(ready) = conditions
        .iter_mut()
        .find(|c| c.kind == "Ready" && c.status == Status::True)
    else {
        return;
    };
    if let Some((status, reason)) = gateway.pods.as_condition() {
        (ready.status, ready.reason) = (status, reason);
        ready.message = gateway.pods.message().to_owned();
    } else if gateway.addresses.is_empty() {
        (ready.status, ready.reason) = (Status::Unknown, "AddressNotAssigned");
        ready.message = "the Service has no address yet".to_owned();
    }
}

fn base(conditions: &[Condition], generation: i64, live: &Value, now: &str) -> Map<String, Value> {
    let phase = condition::phase(conditions);
    let mut status = Map::new();
    status.insert("phase".into(), json!(phase));
    status.insert("observedGeneration".into(), generation.into());
    status.insert(
        "conditions".into(),
        render(conditions, live.get("conditions"), now),
    );
    status
}
