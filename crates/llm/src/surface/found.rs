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
    match percent_decode_bytes(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// The bytes that a text's escapes stand for; borrowed when it has none.
pub(crate) fn percent_decode_bytes(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return Cow::Borrowed(bytes);
    }
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let escaped = digit(at + 1).zip(digit(at + 2)).filter(|_| *byte == b'%');
        match escaped.and_then(|(high, low)| u8::try_from(high << 4 | low).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}
