//! Steps through JSON text, token by token.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

/// It is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A place in JSON text.
pub(super) struct Cursor<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The byte at hand.
    pub(super) fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes a key and the colon behind it: where the key stands, and what it is.
    pub(super) fn key(&mut self) -> Result<(Range<usize>, Cow<'b, str>), Malformed> {
        self.space();
        let at = self.string()?;
        let key = decode(&self.bytes[at.clone()]).ok_or(Malformed)?;
        self.space();
        self.need(b':')?;
        self.space();
        Ok((at, key))
    }

    pub(super) fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    pub(super) fn need(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// From an opening quote to just behind the closing one.
    pub(super) fn string(&mut self) -> Result<Range<usize>, Malformed> {
        let start = self.at;
        if self.bytes.get(start) != Some(&b'"') {
            return Err(Malformed);
        }
        let mut at = start + 1;
        loop {
            let rest = self.bytes.get(at..).ok_or(Malformed)?;
            let found = at + memchr2(b'"', b'\\', rest).ok_or(Malformed)?;
            if self.bytes[found] == b'"' {
                self.at = found + 1;
                return Ok(start..self.at);
            }
            at = found + 2;
        }
    }

    pub(super) fn scalar(&mut self) -> Result<Range<usize>, Malformed> {
        let start = self.at;
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        self.at += self.bytes[start..]
            .iter()
            .take_while(|b| is_part(b))
            .count();
        let text = &self.bytes[start..self.at];
        let valid = match text.first() {
            Some(b't' | b'f' | b'n') => matches!(text, b"true" | b"false" | b"null"),
            Some(b'-' | b'0'..=b'9') => text
                .iter()
                .all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')),
            _ => false,
        };
        if valid {
            Ok(start..self.at)
        } else {
            Err(Malformed)
        }
    }

    /// Past a value that isn't looked at.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        let mut depth = 0usize;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') if depth > 0 => self.at += 1,
                Some(_) => {
                    self.scalar()?;
                }
                None => return Err(Malformed),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// A string literal's text; borrowed where nothing is escaped. Halves of characters, which JSON's escapes can spell, become U+FFFD.
pub(super) fn decode(literal: &[u8]) -> Option<Cow<'_, str>> {
    let inner = literal.get(1..literal.len().checked_sub(1)?)?;
    if memchr::memchr(b'\\', inner).is_none() {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    if let Ok(text) = serde_json::from_slice::<String>(literal) {
        return Some(Cow::Owned(text));
    }
    // The bytes of a half are no UTF-8, and are replaced.
    struct Raw(Vec<u8>);
    impl<'de> serde::Deserialize<'de> for Raw {
        fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            struct Visit;
            impl serde::de::Visitor<'_> for Visit {
                type Value = Raw;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a string")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
                    Ok(Raw(bytes.to_vec()))
                }
            }
            d.deserialize_bytes(Visit)
        }
    }
    let raw = serde_json::from_slice::<Raw>(literal).ok()?;
    Some(Cow::Owned(String::from_utf8_lossy(&raw.0).into_owned()))
}
