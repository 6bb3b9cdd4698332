//! References into other namespaces.

use sluice_crds::{GATEWAY_GROUP, GROUP};
use sluice_vocab::{Finding, Kind, Reason};

use crate::resources::{Name, Table};
use sluice_crds::gateway_api::referencegrants::ReferenceGrantSpec;

/// The API group of a kind; empty for core.
pub(crate) fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::AIGateway | Kind::Upstream | Kind::RoutePolicy => GROUP,
        Kind::GatewayClass | Kind::Gateway | Kind::HTTPRoute | Kind::ReferenceGrant => {
            GATEWAY_GROUP
        }
        Kind::Service | Kind::Secret | Kind::ConfigMap | Kind::Namespace => "",
    }
}

/// Refuses a reference into another namespace that no ReferenceGrant there allows.
pub(crate) fn check(
    grants: &Table<ReferenceGrantSpec>,
    from: (Kind, &str),
    to: (Kind, &Name),
) -> Result<(), Finding> {
    let (from_kind, from_namespace) = from;
    let (to_kind, name) = to;
    if *from_namespace == *name.namespace {
        return Ok(());
    }
    let allows = |spec: &ReferenceGrantSpec| {
        let from = spec.from.iter().any(|f| {
            f.group == group(from_kind)
                && f.kind == from_kind.as_str()
                && f.namespace == from_namespace
        });
        let to = spec.to.iter().any(|t| {
            let named = t
                .name
                .as_deref()
                .is_none_or(|n| n.is_empty() || *n == *name.name);
            t.group == group(to_kind) && t.kind == to_kind.as_str() && named
        });
        from && to
    };
    let granted = grants
        .values()
        .any(|g| g.meta.name.namespace == name.namespace && allows(&g.spec));
    if granted {
        return Ok(());
    }
    let message = format!(
        "{to_kind} {name} is in another namespace: write a ReferenceGrant in namespace {} from {from_kind} in {from_namespace} to {to_kind}",
        name.namespace
    );
    Err(Finding::error(Reason::RefNotPermitted, "", message))
}
