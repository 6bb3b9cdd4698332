//! How long a request may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluice_vocab::Duration;

/// How long to wait. Unset: 10 minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The whole answer; for streams, the first byte and every pause between two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Duration>,
}
