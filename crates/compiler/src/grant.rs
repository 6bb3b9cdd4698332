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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluice_crds::gateway_api::referencegrants::{ReferenceGrantFrom, ReferenceGrantTo};

    use super::*;
    use crate::resources::{Meta, Object};

    const SECRET: (Kind, &str, &str) = (Kind::Secret, "vault", "key");

    fn mk_grant(
        namespace: &str,
        from: (&str, &str, &str),
        to: (&str, &str, Option<&str>),
    ) -> Table<ReferenceGrantSpec> {
        let spec = ReferenceGrantSpec {
            from: vec![ReferenceGrantFrom {
                group: from.0.into(),
                kind: from.1.into(),
                namespace: from.2.into(),
            }],
            to: vec![ReferenceGrantTo {
                group: to.0.into(),
                kind: to.1.into(),
                name: to.2.map(str::to_owned),
            }],
        };
        let meta = Meta::named(namespace, "grant");
        let object = Object { meta, spec };
        [(object.meta.name.clone(), Arc::new(object))].into()
    }

    /// Whether an Upstream in namespace `team` may have the Secret.
    fn is_allowed(grants: &Table<ReferenceGrantSpec>) -> bool {
        let (kind, namespace, name) = SECRET;
        let to = Name::new(namespace, name);
        check(grants, (Kind::Upstream, "team"), (kind, &to)).is_ok()
    }

    #[test]
    fn a_grant_counts_when_all_of_it_fits() {
        let from = (GROUP, "Upstream", "team");
        for to in [
            ("", "Secret", Some("key")),
            ("", "Secret", None),
            ("", "Secret", Some("")),
        ] {
            assert!(is_allowed(&mk_grant("vault", from, to)), "{to:?}");
        }
    }

    #[test]
    fn a_grant_that_differs_in_one_thing_grants_nothing() {
        let (from, to) = ((GROUP, "Upstream", "team"), ("", "Secret", Some("key")));
        for (what, grants) in [
            ("its namespace", mk_grant("team", from, to)),
            (
                "from.group",
                mk_grant("vault", ("", "Upstream", "team"), to),
            ),
            (
                "from.kind",
                mk_grant("vault", (GROUP, "RoutePolicy", "team"), to),
            ),
            (
                "from.namespace",
                mk_grant("vault", (GROUP, "Upstream", "eve"), to),
            ),
            (
                "to.group",
                mk_grant("vault", from, (GROUP, "Secret", Some("key"))),
            ),
            (
                "to.kind",
                mk_grant("vault", from, ("", "Service", Some("key"))),
            ),
            (
                "to.name",
                mk_grant("vault", from, ("", "Secret", Some("other"))),
            ),
            ("all of it", Table::new()),
        ] {
            assert!(!is_allowed(&grants), "{what}");
        }
    }

    #[test]
    fn two_grants_do_not_add_up_to_one() {
        let secrets = ("", "Secret", None);
        let mut grants = mk_grant("vault", (GROUP, "Upstream", "team"), ("", "Service", None));
        let other = mk_grant("vault", (GROUP, "Upstream", "other"), secrets);
        grants.extend(other.into_values().map(|g| (Name::new("vault", "two"), g)));
        assert!(!is_allowed(&grants));
    }

    #[test]
    fn within_a_namespace_no_grant_is_needed() {
        let to = Name::new("team", "key");
        assert!(check(&Table::new(), (Kind::Upstream, "team"), (Kind::Secret, &to)).is_ok());
    }
}
