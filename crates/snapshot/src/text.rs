//! Snapshots as YAML, for people and for golden files. Credentials are never in it.

mod entry;
mod yaml;

use crate::Snapshot;

pub use yaml::scalar;

use yaml::{Fields, Node};

/// Each entry with its key, where it came from, and its fields that say something. What a list holds has one line each.
pub fn render(snapshot: &Snapshot) -> String {
    let entries = snapshot.entries().iter().map(|(key, sealed)| {
        let fields = match sealed.decode(key) {
            Ok(entry) => entry::fields(&entry),
            Err(error) => Fields::default().always("error", Node::text(error)),
        };
        (key.to_string(), Node::Map(fields.0))
    });
    yaml::document(entries)
}

#[cfg(test)]
mod tests;
