//! JSON objects edited in place: the spans of the top-level fields, and bodies that stay as they came but for them. Beside it,
//! objects taken apart one level deep, and JSON written in a fixed order.

mod draft;
mod fields;
mod scan;
mod weight;
mod write;

pub use draft::{Draft, Segments};
pub use fields::{Fields, Invalid, Text, join, parse};
pub use scan::{Object, ScanError};
pub use weight::weight;
pub use write::{Writer, object};

/// A JSON string literal of the text.
pub fn quote(text: &str) -> String {
    // A string has no fallible serialiser.
    serde_json::to_string(text).unwrap_or_default()
}

/// Whether a reader that doesn't mind the case takes one key for the other. Go's does, and folds `K` (U+212A) and `ſ` (U+017F) too.
pub fn is_alike(a: &str, b: &str) -> bool {
    let fold = |c: char| match c {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        _ => c.to_ascii_lowercase(),
    };
    a.chars().map(fold).eq(b.chars().map(fold))
}
