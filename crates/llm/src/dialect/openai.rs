//! OpenAI's three wires, and what they share.

pub mod chat;
pub(crate) mod completions;
pub(crate) mod error;
pub(crate) mod models;
pub(crate) mod paths;
pub(crate) mod responses;
pub(crate) mod usage;

use super::room::{Family, no_delay, no_path};
use crate::Format;

/// OpenAI.
pub(crate) static FAMILY: Family = Family {
    format: Format::OpenAi,
    versions: &["v1"],
    lists_at: Some("v1"),
    path: paths::path,
    bare_path: no_path,
    error: error::value,
    delay: no_delay,
    error_event: None,
    own_statuses: &[],
    failure: error::read,
    models: models::list,
    model: models::one,
    usage_field: "usage",
    count_field: "input_tokens",
    usage: usage::usage,
};
