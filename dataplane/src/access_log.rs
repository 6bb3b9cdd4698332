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
    if value
        .bytes()
        .all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\')
    {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    } else {
        let quoted = sluice_llm::json::quote(value);
        out.extend_from_slice(sluice_process::printable_json(&quoted).as_bytes());
    }
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_access_log_is_printable() {
        for value in [
            "plain",
            "é漢🙂",
            "a\u{1b}[31m\"\\\n",
            "\u{7f}",
            "a\u{9b}2J\u{202e}",
        ] {
            let mut out = Vec::new();
            text(&mut out, "model", value);
            let out = String::from_utf8(out).unwrap();
            assert!(
                !out.contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{out:?}"
            );
            let line: serde_json::Value =
                serde_json::from_str(&format!("{{{}}}", out.trim_end_matches(','))).unwrap();
            assert_eq!(line["model"], value);
        }
    }
}
