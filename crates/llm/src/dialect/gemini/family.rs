//! What its wires share.

use super::{error, models, paths, usage};
use crate::Format;
use crate::dialect::room::{Family, no_path};

/// Google.
pub(crate) static FAMILY: Family = Family {
    format: Format::Gemini,
    versions: &["v1beta", "v1"],
    lists_at: Some("v1beta"),
    path: paths::path,
    bare_path: no_path,
    error: error::value,
    delay: error::delay,
    error_event: None,
    own_statuses: &[],
    failure: error::read,
    models: models::list,
    model: models::one,
    usage_field: "usageMetadata",
    count_field: "totalTokens",
    usage: usage::usage,
};
