//! Keys of entries.

use std::fmt;
use std::sync::Arc;

/// A stable name of one entry within a snapshot: the kind of entry, then what it was compiled from, such as
/// `upstream/team-a/openai` or `route/team-a/chat/0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey(Arc<str>);

impl EntryKey {
    /// Joins the parts with `/`.
    pub fn new(parts: &[&str]) -> Self {
        Self(parts.join("/").into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EntryKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
