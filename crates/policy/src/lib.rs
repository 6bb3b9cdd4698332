//! What users may ask of a route: one file per policy with its spec (the user's words), its compilation and its decision.
//!
//! ```text
//! Spec --compile(&Scope)--> Config + findings        on the wire: {kind, revision, config as JSON}
//! Config --realise--> a value with compiled parts --decide(request)--> a decision, never an effect
//! ```
//!
//! A new policy is a file here, a field in [`spec::Spec`] and a variant in [`Config`]. Nothing here does I/O.

pub mod authentication;
pub mod enrichment;
pub mod fidelity;
pub mod parameters;
pub mod role;
pub mod route_type;
pub mod spec;
pub mod template;
pub mod timeouts;

mod config;

pub use config::{Compiled, Config, ConfigError, Scope};
