//! What its wires share.

use super::{error, models, paths, usage};
use crate::Format;
use crate::dialect::room::{Family, no_delay};

/// Anthropic.
pub(crate) static FAMILY: Family = Family {
    format: Format::Anthropic,
    versions: &["v1"],
    lists_at: None,
    path: paths::path,
    bare_path: paths::bare_path,
    error: error::value,
    delay: no_delay,
    error_event: Some("error"),
    own_statuses: &[529],
    failure: error::read,
    models: models::list,
    model: models::one,
    usage_field: "usage",
    count_field: "input_tokens",
    usage: usage::usage,
};
