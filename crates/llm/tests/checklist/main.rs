//! What other gateways have broken, one test for each thing: the checklist of the pitfalls that users of theirs have reported. Each
//! test's name begins with its number there. What concerns sockets (10 to 17) is tested in the data plane.
#![expect(clippy::disallowed_methods, reason = "it reads what it checks")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod bodies;
mod heard;
mod streams;
mod tools;
