//! The schemas themselves, with the defaults and CEL rules that the Rust types don't show.
//!
//! Taken from the storage version of the same CRDs, `spec` only, descriptions left out:
//! `yq -o json '.spec.versions[] | select(.storage) | .schema.openAPIV3Schema | .properties |= {"spec": .spec} | del(.. | select(tag == "!!str" and key == "description"))'`.

/// Of GatewayClass.
pub const GATEWAY_CLASS: &str = include_str!("schema/gatewayclasses.json");
/// Of Gateway.
pub const GATEWAY: &str = include_str!("schema/gateways.json");
/// Of HTTPRoute.
pub const HTTP_ROUTE: &str = include_str!("schema/httproutes.json");
/// Of ReferenceGrant.
pub const REFERENCE_GRANT: &str = include_str!("schema/referencegrants.json");
