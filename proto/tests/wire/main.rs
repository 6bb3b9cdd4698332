//! Bytes on the wire: fixed ones, arbitrary ones, and those of peers of another age.
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
