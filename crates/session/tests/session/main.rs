//! Both sides against each other: single rules, and whole lives with every fault that there is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests; any instant will do to begin with"
)]

mod cluster;
mod life;
mod node;
mod replica;
mod rules;
mod rules_reports;
mod rules_server;
mod support;
