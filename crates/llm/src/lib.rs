//! The wire formats of LLM APIs and the providers that speak them, without I/O.
//!
//! ```text
//! path    --surface::parse--> format, operation, model in the path
//! body    --json::Object::scan--> spans of the top-level fields --Draft--> the same bytes but for what was edited
//! answer  --flow::Door--> frames --flow::Tally--> the same frames; usage and how it ended
//! provider::Provider: which format, which path, how a credential is shown
//!
//! another format:
//! request --request::decode--> Conversation --request::encode--> request      what can't be carried --> Dropped
//! answer  --flow::Door--> frames --flow::Translate--> frames        by an Answer if it is whole, by Events if it is a stream
//! ```
//!
//! A body that nobody edits is never encoded anew: it passes byte for byte. Only where client and provider speak different wires
//! ([`Wire`]) is it taken apart, and every field that finds no place is named.

pub mod answer;
pub mod conversation;
pub mod dialect;
pub mod dropped;
pub mod embeddings;
pub mod encoding;
pub mod enrich;
pub mod error;
pub mod event;
pub mod flow;
pub mod form;
mod format;
pub mod json;
pub mod models;
mod operation;
pub mod provider;
pub mod request;
pub mod sigv4;
pub mod sse;
pub mod surface;
pub mod text;
pub mod token;
pub mod translate;
pub mod usage;
pub mod wire;

pub use format::Format;
pub use operation::Operation;
pub use wire::Wire;
