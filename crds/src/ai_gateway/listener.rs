//! Where clients connect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::NAME;

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listener {
    /// Its name; `http-<port>` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME))]
    pub name: Option<String>,
    /// Port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// Only requests to this host; may begin with `*.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        regex(
            pattern = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
        )
    )]
    pub hostname: Option<String>,
}

impl Default for Listener {
    fn default() -> Self {
        Self {
            name: Some("http".to_owned()),
            port: 80,
            hostname: None,
        }
    }
}

impl Listener {
    /// The name that was given, or the one made from the port.
    pub fn name(&self) -> String {
        self.name
            .clone()
            .unwrap_or_else(|| format!("http-{}", self.port))
    }
}
