//! Gateway API types, generated from the standard-channel CRDs of `sigs.k8s.io/gateway-api` v1.4.1.
//!
//! They take unknown fields, because a cluster may have a newer bundle installed. To make them again, with
//! [kopium](https://crates.io/crates/kopium) 0.24.1, from the root of the Go module:
//!
//! ```sh
//! cd "$(go mod download -json sigs.k8s.io/gateway-api@v1.4.1 | jq -r .Dir)"
//! for kind in gatewayclasses gateways httproutes referencegrants; do
//!   kopium -f config/crd/standard/gateway.networking.k8s.io_$kind.yaml \
//!     --schema=derived --docs --derive=Default --derive=PartialEq \
//!     | sed 's/[ ]*$//; s/^#.allow(unused_imports).$/#[allow(unused_imports, reason = "generated")]/' > $SLUICE/crds/src/gateway_api/$kind.rs
//! done
//! ```
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    rustdoc::all,
    reason = "generated"
)]

#[rustfmt::skip]
pub mod gatewayclasses;
#[rustfmt::skip]
pub mod gateways;
#[rustfmt::skip]
pub mod httproutes;
#[rustfmt::skip]
pub mod referencegrants;
pub mod schema;

mod defaults;

pub use gatewayclasses::GatewayClass;
pub use gateways::Gateway;
pub use httproutes::HttpRoute;
pub use referencegrants::ReferenceGrant;
