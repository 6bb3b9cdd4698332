//! The Kubernetes API of Sluice: three kinds, and the Gateway API types that it reads.
//!
//! ```text
//! AIGateway    a whole gateway in one object; expands into the two below, a Gateway and HTTPRoutes
//! Upstream     where model requests go: a provider, or names of models that lead to other Upstreams
//! RoutePolicy  what happens to requests on the way; attached to routes and Gateways
//! ```
//!
//! The schema validates: unknown fields are refused, everything is bounded, and CEL rules say what belongs together.
//! [`schema::crds`] makes the definitions that `crds/yaml/` holds. No Kubernetes client is in here.
#![expect(clippy::duplicated_attributes, reason = "printer columns of one type")]

pub mod ai_gateway;
pub mod gateway_api;
pub mod prompt_type;
pub mod provider_type;
pub mod reference;
pub mod route_policy;
pub mod schema;
pub mod status;
pub mod upstream;

pub use ai_gateway::{AIGateway, AIGatewaySpec};
pub use prompt_type::PromptType;
pub use provider_type::ProviderType;
pub use reference::{SecretRef, UpstreamRef};
pub use route_policy::{RoutePolicy, RoutePolicySpec};
pub use sluice_vocab::Inline;
pub use upstream::{Upstream, UpstreamSpec};

/// The API group of Sluice's kinds.
pub const GROUP: &str = "sluice.dev";
/// The version of Sluice's kinds.
pub const VERSION: &str = "v1alpha1";
/// The controller that GatewayClasses name.
pub const CONTROLLER: &str = "sluice.dev/gateway-controller";
/// The GatewayClass that AIGateways use unless they say otherwise.
pub const CLASS: &str = "sluice";
/// The group of Gateway API.
pub const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";
