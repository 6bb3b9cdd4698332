//! What its wires share.

use super::{error, models, paths, usage};
use crate::Format;
use crate::dialect::room::{Family, no_delay, no_path};

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
