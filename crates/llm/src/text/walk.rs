//! Goes through a JSON value once, string by string, and notes what is to stand elsewhere.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use memchr::memchr2;

use super::kind::{Context, Field, Kind, Part, Peek};
use crate::json::quote;

/// How deep values may nest; what is scanned has been checked for it.
const MAX_DEPTH: usize = 300;

/// Why a walk ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop<E> {
    Malformed,
    Refused(E),
}

/// A step from the root to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<'b> {
    Key(Cow<'b, str>),
    /// Position in an array; and what an object there says of itself: its `index` and its `type`.
    Item(usize, Option<i64>, Option<String>),
}

/// Where a text stands.
pub(crate) struct Place<'w, 'b> {
    pub(crate) path: &'w [Step<'b>],
    pub(crate) part: Part,
}

pub(crate) type See<'f, 'b, E> = dyn FnMut(&Place<'_, 'b>, &str) -> Result<Option<String>, E> + 'f;

pub(crate) struct Walk<'f, 'b, E> {
    bytes: &'b [u8],
    at: usize,
    path: Vec<Step<'b>>,
    edits: Vec<(Range<usize>, String)>,
    see: &'f mut See<'f, 'b, E>,
}

impl<'f, 'b, E> Walk<'f, 'b, E> {
    pub(crate) fn new(bytes: &'b [u8], see: &'f mut See<'f, 'b, E>) -> Self {
        Self {
            bytes,
            at: 0,
            path: Vec::new(),
            edits: Vec::new(),
            see,
        }
    }

    /// Goes through all of it. Gives the new text when something changed.
    pub(crate) fn run(mut self, context: Context) -> Result<Option<Vec<u8>>, Stop<E>> {
        self.space();
        self.value(context, false)?;
        self.space();
        if self.at != self.bytes.len() {
            return Err(Stop::Malformed);
        }
        Ok((!self.edits.is_empty()).then(|| self.splice(0..self.bytes.len())))
    }

    /// Goes through the fields of an object, each as `context` says, or not at all. Gives those that have changed.
    pub(crate) fn fields(
        mut self,
        context: fn(&str) -> Option<Context>,
    ) -> Result<Vec<(String, Bytes)>, Stop<E>> {
        let mut changed = Vec::new();
        self.space();
        self.members(|walk, _, key, _| {
            let start = walk.at;
            match context(&key) {
                Some(context) => walk.value(context, false)?,
                None => walk.skip()?,
            }
            if !walk.edits.is_empty() {
                changed.push((key.into_owned(), Bytes::from(walk.splice(start..walk.at))));
                walk.edits.clear();
            }
            Ok(())
        })?;
        self.space();
        if self.at == self.bytes.len() {
            Ok(changed)
        } else {
            Err(Stop::Malformed)
        }
    }

    /// Part of the text with its edits done.
    fn splice(&self, part: Range<usize>) -> Vec<u8> {
        let mut out = Vec::with_capacity(part.len());
        let mut at = part.start;
        for (range, new) in &self.edits {
            out.extend_from_slice(&self.bytes[at..range.start]);
            out.extend_from_slice(new.as_bytes());
            at = range.end;
        }
        out.extend_from_slice(&self.bytes[at..part.end]);
        out
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn need(&mut self, byte: u8) -> Result<(), Stop<E>> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(Stop::Malformed)
        }
    }

    fn value(&mut self, context: Context, json: bool) -> Result<(), Stop<E>> {
        if self.path.len() > MAX_DEPTH {
            return Err(Stop::Malformed);
        }
        match self.bytes.get(self.at) {
            Some(b'"') => {
                let at = self.string()?;
                self.look(at, context.kind, json)
            }
            Some(b'{') => self.object(context),
            Some(b'[') => self.array(context, json),
            Some(_) => {
                let at = self.scalar()?;
                let is_number = !matches!(self.bytes[at.start], b't' | b'f' | b'n');
                if context.everything && is_number {
                    self.look_bare(at, context.kind)
                } else {
                    Ok(())
                }
            }
            None => Err(Stop::Malformed),
        }
    }

    fn array(&mut self, context: Context, json: bool) -> Result<(), Stop<E>> {
        self.need(b'[')?;
        self.space();
        if self.take(b']') {
            return Ok(());
        }
        for i in 0.. {
            self.space();
            self.path.push(Step::Item(i, None, None));
            self.value(context, json)?;
            self.path.pop();
            self.space();
            if !self.take(b',') {
                break;
            }
        }
        self.need(b']')
    }

    fn object(&mut self, context: Context) -> Result<(), Stop<E>> {
        let peek = if context.everything {
            Peek::default()
        } else {
            self.peek(context)?
        };
        if let Some(Step::Item(_, index, tag)) = self.path.last_mut() {
            *index = peek.index;
            tag.clone_from(&peek.tag);
        }
        let context = context.object(&peek);
        self.members(|walk, at, key, is_string| {
            if context.everything {
                walk.look(at, context.kind, false)?;
            }
            let after_key = walk.at;
            walk.path.push(Step::Key(key));
            let result = walk.member(context, &peek, after_key, is_string);
            walk.path.pop();
            result
        })
    }

    fn member(
        &mut self,
        context: Context,
        peek: &Peek,
        at: usize,
        is_string: bool,
    ) -> Result<(), Stop<E>> {
        let Some(Step::Key(key)) = self.path.last() else {
            return Err(Stop::Malformed);
        };
        let is_description = matches!(&**key, "description" | "title");
        match context.field(key, peek, is_string) {
            Field::Skip => self.skip(),
            Field::Tokens => {
                let new = if self.bytes.get(at) == Some(&b'[') {
                    "[]"
                } else {
                    "null"
                };
                self.skip()?;
                if !matches!(&self.bytes[at..self.at], b"null" | b"[]") {
                    self.edits.push((at..self.at, new.to_owned()));
                }
                Ok(())
            }
            Field::Address(_) if self.bytes[at..].starts_with(b"\"data:") => self.skip(),
            Field::Address(_) | Field::Within(..)
                if context.descriptions && is_string && !is_description =>
            {
                self.skip()
            }
            Field::Address(context) => self.value(context, false),
            Field::Within(context, json) => self.value(context, json),
        }
    }

    /// Goes through an object's fields; `each` gets where the key stands, and has to pass the value.
    fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, Range<usize>, Cow<'b, str>, bool) -> Result<(), Stop<E>>,
    ) -> Result<(), Stop<E>> {
        self.need(b'{')?;
        self.space();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            let at = self.string()?;
            let key = decode(&self.bytes[at.clone()]).ok_or(Stop::Malformed)?;
            self.space();
            self.need(b':')?;
            self.space();
            let is_string = self.bytes.get(self.at) == Some(&b'"');
            each(self, at, key, is_string)?;
            self.space();
            if !self.take(b',') {
                break;
            }
        }
        self.need(b'}')
    }

    /// What an object says about itself. In requests, which may be long, no further than needed: `role` and `type` come first
    /// where people write them, and where a medium's type could still come the rest is short.
    fn peek(&mut self, context: Context) -> Result<Peek, Stop<E>> {
        let start = self.at;
        let mut peek = Peek::default();
        let mut enough = false;
        let result = self.members(|walk, _, key, is_string| {
            let from = walk.at;
            walk.skip()?;
            let value = &walk.bytes[from..walk.at];
            match (&*key, is_string) {
                ("index" | "output_index", false) => {
                    peek.index = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                }
                ("thought", false) if value == b"true" => peek.kind = Some(Kind::Reasoning),
                (_, true) if walk.at - from < 64 => {
                    if let Some(value) = decode(value) {
                        peek.see(&key, &value);
                    }
                }
                _ => {}
            }
            let said = matches!(&*key, "role") || (&*key == "type" && value != b"\"message\"");
            enough = !context.answer && said && peek.tag.as_deref() != Some("text");
            // Not an error: just far enough.
            if enough { Err(Stop::Malformed) } else { Ok(()) }
        });
        self.at = start;
        if enough {
            Ok(peek)
        } else {
            result.map(|()| peek)
        }
    }

    /// From an opening quote to just behind the closing one.
    fn string(&mut self) -> Result<Range<usize>, Stop<E>> {
        let start = self.at;
        if self.bytes.get(start) != Some(&b'"') {
            return Err(Stop::Malformed);
        }
        let mut at = start + 1;
        loop {
            let rest = self.bytes.get(at..).ok_or(Stop::Malformed)?;
            let found = at + memchr2(b'"', b'\\', rest).ok_or(Stop::Malformed)?;
            if self.bytes[found] == b'"' {
                self.at = found + 1;
                return Ok(start..self.at);
            }
            at = found + 2;
        }
    }

    fn scalar(&mut self) -> Result<Range<usize>, Stop<E>> {
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
            Err(Stop::Malformed)
        }
    }

    /// Past a value that isn't looked at.
    fn skip(&mut self) -> Result<(), Stop<E>> {
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
                None => return Err(Stop::Malformed),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn look(&mut self, at: Range<usize>, kind: Kind, json: bool) -> Result<(), Stop<E>> {
        let text = decode(&self.bytes[at.clone()]).ok_or(Stop::Malformed)?;
        if text.is_empty() {
            return Ok(());
        }
        let place = Place {
            path: &self.path,
            part: Part { kind, json },
        };
        if let Some(new) = (self.see)(&place, &text).map_err(Stop::Refused)? {
            self.edits.push((at, quote(&new)));
        }
        Ok(())
    }

    /// A number, which becomes a string when it is replaced.
    fn look_bare(&mut self, at: Range<usize>, kind: Kind) -> Result<(), Stop<E>> {
        let text = String::from_utf8_lossy(&self.bytes[at.clone()]);
        let place = Place {
            path: &self.path,
            part: Part { kind, json: false },
        };
        if let Some(new) = (self.see)(&place, &text).map_err(Stop::Refused)? {
            self.edits.push((at, quote(&new)));
        }
        Ok(())
    }
}

/// A string literal's text; borrowed where nothing is escaped. Halves of characters, which JSON's escapes can spell, become U+FFFD.
fn decode(literal: &[u8]) -> Option<Cow<'_, str>> {
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
