//! What a path says.

use std::borrow::Cow;

use crate::{Format, Operation, Wire};

/// What a path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface<'a> {
    /// How the request and its answer are written.
    pub wire: Wire,
    /// What is asked for.
    pub operation: Operation,
    /// The model, where the path names it.
    pub model: Option<Cow<'a, str>>,
    /// Whether the path itself asks for a stream.
    pub stream: Option<bool>,
    /// The path below the version, such as `chat/completions` or `images/generations`.
    pub rest: &'a str,
}

impl Surface<'_> {
    /// Number of [`Surface::slot`]s.
    pub const SLOTS: usize = Wire::COUNT + Operation::COUNT;

    /// Whose words it is in.
    pub const fn format(&self) -> Format {
        self.wire.format()
    }

    /// Where it stands in a table of what can be asked for.
    pub const fn slot(&self) -> usize {
        match self.operation {
            Operation::Chat => self.wire as usize,
            other => Wire::COUNT + other as usize,
        }
    }
}

/// One whose path says nothing else.
pub(crate) fn plain(wire: Wire, operation: Operation, rest: &str) -> Surface<'_> {
    Surface {
        wire,
        operation,
        model: None,
        stream: None,
        rest,
    }
}

/// Decodes `%XX`; what is no valid escape, or no UTF-8 afterwards, stays as it is.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok());
        match hex
            .and_then(|h| u8::from_str_radix(h, 16).ok())
            .filter(|_| bytes[i] == b'%')
        {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}
