//! Status of a GatewayClass.

use serde_json::{Value, json};
use sluice_compiler::condition::Status;

use super::condition;
use crate::status::condition::render;

/// Features of the conformance suite that are there, sorted.
pub(crate) const FEATURES: [&str; 15] = [
    "Gateway",
    "GatewayPort8080",
    "HTTPRoute",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteSchemeRedirect",
    "ReferenceGrant",
];

/// Status of a GatewayClass of ours. `bundle` is the version of the CRDs that are installed, if it is known.
pub(crate) fn class(generation: i64, bundle: Option<&str>, live: &Value, now: &str) -> Value {
    let mut conditions = vec![condition(
        "Accepted",
        Status::True,
        "Accepted",
        "Sluice serves Gateways of this class",
        generation,
    )];
    if let Some(bundle) = bundle {
        let is_known = bundle.starts_with("v1.4.") || bundle.starts_with("v1.5.");
        let (status, reason) = if is_known {
            (Status::True, "SupportedVersion")
        } else {
            (Status::False, "UnsupportedVersion")
        };
        let message = format!("the CRDs are of {bundle}, Sluice is made for v1.4 and v1.5");
        conditions.push(condition(
            "SupportedVersion",
            status,
            reason,
            message,
            generation,
        ));
    }
    let features: Value = FEATURES.iter().map(|name| json!({"name": name})).collect();
    json!({
        "conditions": render(&conditions, live.get("conditions"), now),
        "supportedFeatures": features,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_sorted_as_the_api_asks() {
        assert!(FEATURES.is_sorted());
    }

    #[test]
    fn crds_of_another_version_are_told() {
        let of = |bundle| class(1, bundle, &Value::Null, "t")["conditions"].clone();
        assert_eq!(of(Some("v1.4.1"))[1]["reason"], "SupportedVersion");
        assert_eq!(of(Some("v2.0.0"))[1]["status"], "False");
        assert_eq!(of(None).as_array().map(Vec::len), Some(1));
    }
}
