//! References to other objects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use sluice_vocab::reference::{NAME, SecretRef, ServiceRef};

/// An Upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpstreamRef {
    /// The Upstream's name.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: String,
    /// The Upstream's namespace; the object's own when left out. Another one needs a ReferenceGrant there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = NAME))]
    pub namespace: Option<String>,
}
