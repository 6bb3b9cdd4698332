//! The data plane on loopback: real sockets on both sides, provider doubles behind.
#![expect(
    clippy::disallowed_methods,
    reason = "a test: what panics is printed, and what waits for it fails"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod support;

mod agents;
mod authentication;
mod crossing;
mod edges;
mod guards;
mod https;
mod matrix;
mod memory;
mod pass_through;
mod policies;
mod reload;
mod responses;
mod routes;
mod streams;
mod tokens;
mod upstreams;
mod vectors;
