//! Where a Gateway is reached, by the type of its Service.

use serde_json::{Value, json};

use super::*;

fn values(service: Value, nodes: &[Value]) -> Vec<String> {
    let service: Service = serde_json::from_value(service).unwrap();
    let nodes: Vec<Node> = nodes
        .iter()
        .map(|n| serde_json::from_value(n.clone()).unwrap())
        .collect();
    let text = |a: GatewayStatusAddresses| format!("{} {}", a.r#type.unwrap(), a.value);
    addresses(&service, &nodes).into_iter().map(text).collect()
}

fn service(kind: &str, ingress: Value) -> Value {
    json!({
        "spec": { "type": kind, "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"] },
        "status": { "loadBalancer": { "ingress": ingress } },
    })
}

fn node(name: &str, ready: &str, external: Option<&str>) -> Value {
    let mut addresses = vec![json!({ "type": "InternalIP", "address": format!("10.0.0.{name}") })];
    addresses.extend(external.map(|ip| json!({ "type": "ExternalIP", "address": ip })));
    json!({ "status": { "addresses": addresses, "conditions": [{ "type": "Ready", "status": ready }] } })
}

#[test]
fn a_load_balancer_is_reached_where_it_was_given_an_address() {
    let ingress = json!([{ "ip": "10.98.0.1" }, { "hostname": "lb.example.com" }, {}]);
    let want = ["IPAddress 10.98.0.1", "Hostname lb.example.com"];
    assert_eq!(values(service("LoadBalancer", ingress), &[]), want);
}

#[test]
fn a_load_balancer_without_an_address_has_none() {
    assert!(
        values(
            service("LoadBalancer", json!([])),
            &[node("1", "True", None)]
        )
        .is_empty()
    );
}

#[test]
fn a_cluster_ip_is_reached_by_it() {
    let want = ["IPAddress 10.96.0.7", "IPAddress fd00::7"];
    assert_eq!(
        values(service("ClusterIP", json!([])), &[node("1", "True", None)]),
        want
    );
    assert!(
        values(
            json!({ "spec": { "type": "ClusterIP", "clusterIP": "None" } }),
            &[]
        )
        .is_empty()
    );
}

#[test]
fn a_node_port_is_reached_on_nodes_that_are_ready() {
    let service = service("NodePort", json!([]));
    let inside = [
        node("2", "True", None),
        node("1", "True", None),
        node("3", "False", None),
    ];
    assert_eq!(
        values(service.clone(), &inside),
        ["IPAddress 10.0.0.1", "IPAddress 10.0.0.2"]
    );
    let outside = [
        node("1", "True", None),
        node("2", "True", Some("192.0.2.2")),
    ];
    assert_eq!(values(service.clone(), &outside), ["IPAddress 192.0.2.2"]);
    assert_eq!(
        values(service, &[]),
        ["IPAddress 10.96.0.7", "IPAddress fd00::7"]
    );
}
