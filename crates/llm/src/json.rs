//! JSON objects edited in place: the spans of the top-level fields, and bodies that stay as they came but for them.

mod draft;
mod scan;

pub use draft::{Draft, Segments};
pub use scan::{Object, ScanError};

/// A JSON string literal of the text.
pub fn quote(text: &str) -> String {
    // A string has no fallible serialiser.
    serde_json::to_string(text).unwrap_or_default()
}
