//! The Service that clients connect to, and the ServiceAccount that pods go by.

use k8s_openapi::api::core::v1::{Service, ServiceAccount, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sluice_crds::ai_gateway::ServiceType;
use sluice_vocab::{Finding, Reason};

use super::facts::GatewayFacts;
use super::name::{metadata, selector_labels};
use super::port::Served;
use super::settings::WorkloadSettings;

/// The operator takes a data plane at its word only with a token of this account. It has no rights.
pub(super) fn account(gateway: &GatewayFacts, settings: &WorkloadSettings) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata(gateway, settings),
        automount_service_account_token: Some(false),
        ..Default::default()
    }
}

/// None without a port: there is no such Service.
pub(super) fn service(
    gateway: &GatewayFacts,
    settings: &WorkloadSettings,
    ports: &[Served],
    findings: &mut Vec<Finding>,
) -> Option<Service> {
    let kind = settings.service_type(gateway);
    let address = requested(gateway, kind, findings);
    if ports.is_empty() {
        return None;
    }
    let defaults = &settings.defaults.service;
    let mut metadata = metadata(gateway, settings);
    let mut annotations = defaults.annotations.clone();
    annotations.extend(metadata.annotations.take().unwrap_or_default());
    let own = gateway.data_plane.as_ref().and_then(|d| d.service.as_ref());
    annotations.extend(own.map(|s| s.annotations.clone()).unwrap_or_default());
    metadata.annotations = (!annotations.is_empty()).then_some(annotations);
    let is_balanced = kind == ServiceType::LoadBalancer;
    let is_external = kind != ServiceType::ClusterIp;
    Some(Service {
        metadata,
        spec: Some(ServiceSpec {
            type_: Some(name(kind).to_owned()),
            selector: Some(selector_labels(gateway)),
            ports: Some(ports.iter().map(port).collect()),
            load_balancer_ip: address,
            load_balancer_class: defaults.load_balancer_class.clone().filter(|_| is_balanced),
            external_traffic_policy: defaults
                .external_traffic_policy
                .clone()
                .filter(|_| is_external),
            ..Default::default()
        }),
        status: None,
    })
}

/// No `appProtocol`: load balancers of some clouds would begin to probe `/`, which no gateway answers with 200.
fn port(served: &Served) -> ServicePort {
    ServicePort {
        name: Some(served.name.clone()),
        port: served.port,
        target_port: Some(IntOrString::Int(served.target)),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }
}

const fn name(kind: ServiceType) -> &'static str {
    match kind {
        ServiceType::LoadBalancer => "LoadBalancer",
        ServiceType::NodePort => "NodePort",
        ServiceType::ClusterIp => "ClusterIP",
    }
}

/// The address to ask a load balancer for: one, as a number.
fn requested(
    gateway: &GatewayFacts,
    kind: ServiceType,
    findings: &mut Vec<Finding>,
) -> Option<String> {
    let mut address = None;
    for (i, requested) in gateway.addresses.iter().enumerate() {
        let Some(value) = requested.value.as_ref() else {
            continue;
        };
        let why_not = if requested.kind != "IPAddress" {
            format!("addresses of type {} cannot be asked for", requested.kind)
        } else if kind != ServiceType::LoadBalancer {
            format!("a Service of type {} has no choice of address", name(kind))
        } else if address.is_some() {
            "a load balancer has one address".to_owned()
        } else {
            address = Some(value.clone());
            continue;
        };
        let message = format!("{value} is left out, {why_not}: ask for one IPAddress, or for none");
        findings.push(Finding::error(
            Reason::UnsupportedValue,
            format!("spec.addresses[{i}]"),
            message,
        ));
    }
    address
}
