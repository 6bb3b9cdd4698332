//! Choosing an Upstream by the name of the model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::UpstreamRef;

/// Names of models, each with the Upstream that serves it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.entries) || has(self.default)",
    "message": "entries or default has to be set",
}]))]
pub struct Models {
    /// Names and what serves them. An exact name wins over a wildcard, a longer wildcard over a shorter one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024))]
    pub entries: Vec<Entry>,
    /// What serves every other name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<UpstreamRef>,
}

/// A name of a model, and what serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// The name that callers use; may hold one `*`.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[^*\s]*\*?[^*\s]*$"))]
    pub name: String,
    /// The Upstream that serves it.
    #[serde(rename = "ref")]
    pub upstream: UpstreamRef,
    /// Sent instead of the caller's name; `*` stands for what the wildcard caught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub model: Option<String>,
    /// What the list of models says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// Whether the list of models shows it; wildcards are never shown.
    #[serde(default = "yes")]
    pub listed: bool,
    /// Lower ranks are looked at first, so that a wildcard of rank 0 wins over an exact name of rank 1.
    #[serde(default)]
    #[schemars(range(min = 0, max = 15))]
    pub rank: i32,
}

fn yes() -> bool {
    true
}
