//! OpenAI's three wires, and what they share.

pub mod chat;
pub(crate) mod completions;
pub(crate) mod error;
pub(crate) mod family;
pub(crate) mod models;
pub(crate) mod paths;
pub(crate) mod responses;
pub(crate) mod usage;
