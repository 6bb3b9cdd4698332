//! What its wires share.

use super::usage;
use crate::Format;
use crate::dialect::openai;
use crate::dialect::room::{Family, no_delay, no_path};

/// Cohere.
pub(crate) static FAMILY: Family = Family {
    format: Format::Cohere,
    versions: &[],
    lists_at: None,
    path: no_path,
    bare_path: no_path,
    error: openai::error::value,
    delay: no_delay,
    error_event: None,
    own_statuses: &[],
    failure: openai::error::read,
    models: openai::models::list,
    model: openai::models::one,
    usage_field: "usage",
    count_field: "input_tokens",
    usage: usage::usage,
};
