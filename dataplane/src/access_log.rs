//! One JSON line per request.

use std::io::{self, Write};

use sluice_process::Lines;

/// Where the lines go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessLog {
    lines: Option<Lines>,
}

impl AccessLog {
    /// No lines at all.
    pub fn off() -> Self {
        Self { lines: None }
    }

    /// To a writer of its own.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        Lines::to(out).map(Self::among)
    }

    /// Among other lines.
    pub fn among(lines: Lines) -> Self {
        Self { lines: Some(lines) }
    }

    /// Adds a line; `write` appends it without the line feed.
    pub(crate) fn line(&self, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(lines) = &self.lines {
            lines.add(write);
        }
    }
}

/// Appends `"key":"text",` with the text escaped.
pub(crate) fn text(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(b"\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    if value.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(sluice_llm::json::quote(value).as_bytes());
    }
    out.push(b',');
}
