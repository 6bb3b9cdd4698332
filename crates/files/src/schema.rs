//! The schemas, each read once.

use std::sync::LazyLock;

use kube_cel::{CompiledSchema, compile_schema};
use serde_json::Value;
use sluice_crds::gateway_api::schema as gateway_api;
use sluice_vocab::Kind;

/// The schema of a kind, and its CEL rules.
pub(crate) struct Schema {
    pub(crate) root: Value,
    pub(crate) rules: CompiledSchema,
}

impl Schema {
    fn new(root: Value) -> Self {
        Self {
            rules: compile_schema(&root),
            root,
        }
    }

    fn own(kind: &str) -> Self {
        let definition = sluice_crds::schema::crds()
            .into_iter()
            .find(|d| d["spec"]["names"]["kind"] == kind);
        let schema =
            definition.map(|d| d["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone());
        Self::new(schema.unwrap_or_default())
    }

    fn foreign(text: &str) -> Self {
        Self::new(serde_json::from_str(text).unwrap_or_default())
    }
}

static AI_GATEWAY: LazyLock<Schema> = LazyLock::new(|| Schema::own("AIGateway"));
static UPSTREAM: LazyLock<Schema> = LazyLock::new(|| Schema::own("Upstream"));
static ROUTE_POLICY: LazyLock<Schema> = LazyLock::new(|| Schema::own("RoutePolicy"));
static GATEWAY_CLASS: LazyLock<Schema> =
    LazyLock::new(|| Schema::foreign(gateway_api::GATEWAY_CLASS));
static GATEWAY: LazyLock<Schema> = LazyLock::new(|| Schema::foreign(gateway_api::GATEWAY));
static HTTP_ROUTE: LazyLock<Schema> = LazyLock::new(|| Schema::foreign(gateway_api::HTTP_ROUTE));
static REFERENCE_GRANT: LazyLock<Schema> =
    LazyLock::new(|| Schema::foreign(gateway_api::REFERENCE_GRANT));

/// The schema of a kind that is defined by one; core kinds are not.
pub(crate) fn of(kind: Kind) -> Option<&'static Schema> {
    Some(match kind {
        Kind::AIGateway => &AI_GATEWAY,
        Kind::Upstream => &UPSTREAM,
        Kind::RoutePolicy => &ROUTE_POLICY,
        Kind::GatewayClass => &GATEWAY_CLASS,
        Kind::Gateway => &GATEWAY,
        Kind::HTTPRoute => &HTTP_ROUTE,
        Kind::ReferenceGrant => &REFERENCE_GRANT,
        Kind::Service | Kind::Secret | Kind::ConfigMap | Kind::Namespace => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        for kind in Kind::ALL {
            let Some(schema) = of(kind) else { continue };
            assert!(
                schema.root.get("properties").is_some(),
                "{kind} has a schema"
            );
            let errors = format!("{:?}", schema.rules.compilation_errors());
            assert_eq!(errors, "[]", "{kind}");
        }
    }
}
