//! Bytes on the wire: fixed ones, arbitrary ones, and those of peers of another age.
#![expect(
    clippy::disallowed_methods,
    reason = "a test: what panics is printed, and what waits for it fails"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod codec;
mod golden;
mod grpc;
mod samples;
mod secrets;
mod skew;
