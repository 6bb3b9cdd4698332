//! How the API server calls the kinds.

use kube::api::ApiResource;
use sluice_vocab::Kind;

/// Group and version of a kind; the group is empty for core kinds.
pub const fn group(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::AIGateway | Kind::Upstream | Kind::RoutePolicy => {
            (sluice_crds::GROUP, sluice_crds::VERSION)
        }
        Kind::GatewayClass | Kind::Gateway | Kind::HTTPRoute => (sluice_crds::GATEWAY_GROUP, "v1"),
        Kind::ReferenceGrant => (sluice_crds::GATEWAY_GROUP, "v1beta1"),
        Kind::Service | Kind::Secret | Kind::ConfigMap | Kind::Namespace => ("", "v1"),
    }
}

/// A kind as the client wants it.
pub fn api_resource(kind: Kind) -> ApiResource {
    let (group, version) = group(kind);
    let api_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    let plural = match kind {
        Kind::AIGateway => "aigateways",
        Kind::Upstream => "upstreams",
        Kind::RoutePolicy => "routepolicies",
        Kind::GatewayClass => "gatewayclasses",
        Kind::Gateway => "gateways",
        Kind::HTTPRoute => "httproutes",
        Kind::ReferenceGrant => "referencegrants",
        Kind::Service => "services",
        Kind::Secret => "secrets",
        Kind::ConfigMap => "configmaps",
        Kind::Namespace => "namespaces",
    };
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version,
        kind: kind.as_str().to_owned(),
        plural: plural.to_owned(),
    }
}

/// Whether objects of the kind have no namespace.
pub(super) const fn is_cluster_wide(kind: Kind) -> bool {
    matches!(kind, Kind::GatewayClass | Kind::Namespace)
}
