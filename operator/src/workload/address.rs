//! Where a Gateway is reached.

use k8s_openapi::api::core::v1::{Node, Service};
use sluice_crds::gateway_api::gateways::GatewayStatusAddresses;

/// The API's bound on a Gateway's addresses.
const MAX: usize = 16;

/// The addresses for `status.addresses`, from the Service as observed: what a load balancer was given (none yet: none), the nodes'
/// addresses behind a NodePort (without nodes the cluster's own), else the cluster's own.
pub fn addresses(service: &Service, nodes: &[Node]) -> Vec<GatewayStatusAddresses> {
    let kind = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
    let mut addresses = match kind {
        Some("LoadBalancer") => balanced(service),
        Some("NodePort") => of_nodes(nodes),
        _ => Vec::new(),
    };
    if addresses.is_empty() && kind != Some("LoadBalancer") {
        addresses = of_cluster(service);
    }
    addresses.truncate(MAX);
    addresses
}

fn ip(value: &str) -> GatewayStatusAddresses {
    GatewayStatusAddresses {
        r#type: Some("IPAddress".to_owned()),
        value: value.to_owned(),
    }
}

fn hostname(value: &str) -> GatewayStatusAddresses {
    GatewayStatusAddresses {
        r#type: Some("Hostname".to_owned()),
        value: value.to_owned(),
    }
}

fn balanced(service: &Service) -> Vec<GatewayStatusAddresses> {
    let status = service
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    let ingress = status
        .into_iter()
        .flat_map(|balancer| balancer.ingress.iter().flatten());
    ingress
        .filter_map(|i| {
            i.ip.as_deref()
                .map(ip)
                .or_else(|| i.hostname.as_deref().map(hostname))
        })
        .collect()
}

/// External addresses where nodes have one, else internal ones; of nodes that are ready, sorted.
fn of_nodes(nodes: &[Node]) -> Vec<GatewayStatusAddresses> {
    let of = |kind: &str| {
        let ready = nodes.iter().filter(|node| is_ready(node));
        let all = ready
            .filter_map(|n| n.status.as_ref())
            .flat_map(|s| s.addresses.iter().flatten());
        let mut found: Vec<&str> = all
            .filter(|a| a.type_ == kind)
            .map(|a| a.address.as_str())
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(ip).collect::<Vec<_>>()
    };
    let external = of("ExternalIP");
    if external.is_empty() {
        of("InternalIP")
    } else {
        external
    }
}

fn is_ready(node: &Node) -> bool {
    let conditions = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions
        .into_iter()
        .any(|c| c.type_ == "Ready" && c.status == "True")
}

fn of_cluster(service: &Service) -> Vec<GatewayStatusAddresses> {
    let spec = service.spec.as_ref();
    let all = spec
        .into_iter()
        .flat_map(|spec| spec.cluster_ips.iter().flatten().chain(&spec.cluster_ip));
    let mut seen: Vec<&str> = Vec::new();
    for value in all
        .map(String::as_str)
        .filter(|value| !matches!(*value, "" | "None"))
    {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.into_iter().map(ip).collect()
}

#[cfg(test)]
mod tests;
