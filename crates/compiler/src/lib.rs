//! Resources in, snapshots and verdicts out: one pure function.
//!
//! ```text
//! ResourceSet --expand AIGateways--> World --compile--> Pool of entries --deal out by Gateway--> Snapshot per Gateway
//!                                      \--------------- findings ------> Verdict per resource --derive--> conditions
//! ```
//!
//! It knows nothing of Kubernetes clients, files, clocks or sockets. It never fails: one bad reference costs one route.

pub mod condition;
pub mod expand;
pub mod resources;

mod compile;
mod gateway;
mod grant;
mod hostname;
mod item;
mod policy;
mod pool;
mod route;
mod secret;
mod service;
mod settings;
pub mod topology;
mod upstream;
mod verdict;
mod world;

pub use compile::{Compilation, compile};
pub use expand::{Expanded, expand};
pub use resources::ResourceSet;
pub use settings::Settings;
pub use verdict::Verdict;
