//! Messages put before and after the caller's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::role::Role;

/// Messages put before and after the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Before the caller's first message, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub prepend: Vec<Message>,
    /// After the caller's last message, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub append: Vec<Message>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// Who speaks; user when left out.
    #[serde(default)]
    pub role: Role,
    /// What is said.
    #[schemars(length(max = 16384))]
    pub content: String,
}

/// The spec is what a data plane needs.
pub type Config = Spec;
