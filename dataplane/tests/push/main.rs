//! Configuration as pods get it: the operator's own state machine behind TLS on loopback, compiled snapshots, real traffic.
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

mod authority;
mod config;
mod operator;
mod pod;

mod delivery;
mod process;
mod reports;
mod trust;
