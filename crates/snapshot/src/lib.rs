//! The compiled model: what a data plane runs, as entries that prove their own content.
//!
//! ```text
//! Body (typed, from the .proto) --Sealer--> Sealed {bytes, hash} --> Snapshot {version, entries by key}
//! diff(have, want) -> Delta {from, to, upserts, removes}              apply(have, delta) -> want, or nothing changed
//! ```
//!
//! The entries' types are the contract's own messages (`model`), so there is no second representation to keep equal:
//! a compiler writes them, a data plane realises them into its own strong types and refuses what it can't.
//! This crate knows neither Kubernetes nor sockets.

mod delta;
mod key;
mod seal;
pub mod text;

/// The messages of `proto/sluice/snapshot/v1/snapshot.proto`.
#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod model {
    include!("gen/snapshot.rs");

    impl std::fmt::Debug for Credential {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Credential(***)")
        }
    }

    impl std::fmt::Debug for Certificate {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Certificate(***)")
        }
    }
}

pub use delta::{ApplyError, Delta, apply, diff};
pub use key::EntryKey;
pub use seal::{DecodeError, Sealed, Sealer, Snapshot, Version};
