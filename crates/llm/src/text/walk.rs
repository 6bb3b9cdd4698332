//! Goes through a JSON value once, string by string, and notes what is to stand elsewhere.

use std::borrow::Cow;
use std::ops::Range;

use super::cursor::{Cursor, Malformed, decode};
use super::encoded;
use super::kind::{self, Context, Field, Part};
use super::outline::{Keys, Outline, Unclear};
use super::peek::{self, Peek};
use crate::json::quote;
use bytes::Bytes;

/// How deep values may nest; what is scanned has been checked for it.
pub(super) const MAX_DEPTH: usize = 300;

/// Why a walk ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop<E> {
    Unclear(Unclear),
    Refused(E),
}

impl<E> From<Malformed> for Stop<E> {
    fn from(malformed: Malformed) -> Self {
        Self::Unclear(malformed.into())
    }
}

impl<E> From<Unclear> for Stop<E> {
    fn from(unclear: Unclear) -> Self {
        Self::Unclear(unclear)
    }
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
    json: Cursor<'b>,
    outline: Outline,
    path: Vec<Step<'b>>,
    edits: Vec<(Range<usize>, String)>,
    see: &'f mut See<'f, 'b, E>,
}

impl<'f, 'b, E> Walk<'f, 'b, E> {
    pub(crate) fn new(bytes: &'b [u8], see: &'f mut See<'f, 'b, E>) -> Self {
        Self {
            json: Cursor::new(bytes),
            outline: Outline::default(),
            path: Vec::new(),
            edits: Vec::new(),
            see,
        }
    }

    /// Goes through all of it. Gives the new text when something changed.
    pub(crate) fn run(mut self, context: Context) -> Result<Option<Vec<u8>>, Stop<E>> {
        self.outline = Outline::of(self.json.bytes, Keys::Any)?;
        self.json.space();
        self.value(context, false)?;
        self.json.space();
        if self.json.at != self.json.bytes.len() {
            return Err(Malformed.into());
        }
        Ok((!self.edits.is_empty()).then(|| self.splice(0..self.json.bytes.len())))
    }

    /// Goes through the fields of an object, each as `context` says, or not at all. Gives those that have changed.
    pub(crate) fn fields(
        mut self,
        keys: Keys,
        context: fn(&str) -> Option<Context>,
    ) -> Result<Vec<(String, Bytes)>, Stop<E>> {
        self.outline = Outline::of(self.json.bytes, keys)?;
        let mut changed = Vec::new();
        self.json.space();
        self.members(|walk, _, key, _| {
            let start = walk.json.at;
            match context(&key) {
                Some(context) => walk.value(context, false)?,
                None => walk.json.skip()?,
            }
            if !walk.edits.is_empty() {
                changed.push((
                    key.into_owned(),
                    Bytes::from(walk.splice(start..walk.json.at)),
                ));
                walk.edits.clear();
            }
            Ok(())
        })?;
        self.json.space();
        if self.json.at == self.json.bytes.len() {
            Ok(changed)
        } else {
            Err(Malformed.into())
        }
    }

    /// Part of the text with its edits done.
    fn splice(&self, part: Range<usize>) -> Vec<u8> {
        let mut out = Vec::with_capacity(part.len());
        let mut at = part.start;
        for (range, new) in &self.edits {
            out.extend_from_slice(&self.json.bytes[at..range.start]);
            out.extend_from_slice(new.as_bytes());
            at = range.end;
        }
        out.extend_from_slice(&self.json.bytes[at..part.end]);
        out
    }

    fn value(&mut self, context: Context, json: bool) -> Result<(), Stop<E>> {
        if self.path.len() > MAX_DEPTH {
            return Err(Malformed.into());
        }
        match self.json.bytes.get(self.json.at) {
            Some(b'"') => {
                let at = self.json.string()?;
                self.look(at, context, json)
            }
            Some(b'{') => self.object(context),
            Some(b'[') => self.array(context, json),
            Some(_) => {
                let at = self.json.scalar()?;
                let is_number = !matches!(self.json.bytes[at.start], b't' | b'f' | b'n');
                if context.everything && is_number {
                    self.look_bare(at, context)
                } else {
                    Ok(())
                }
            }
            None => Err(Malformed.into()),
        }
    }

    fn array(&mut self, context: Context, json: bool) -> Result<(), Stop<E>> {
        self.json.need(b'[')?;
        self.json.space();
        if self.json.take(b']') {
            return Ok(());
        }
        for i in 0.. {
            self.json.space();
            self.path.push(Step::Item(i, None, None));
            self.value(context, json)?;
            self.path.pop();
            self.json.space();
            if !self.json.take(b',') {
                break;
            }
        }
        Ok(self.json.need(b']')?)
    }

    fn object(&mut self, context: Context) -> Result<(), Stop<E>> {
        let peek = if context.everything {
            Peek::default()
        } else {
            self.outline.at(self.json.at)
        };
        if let Some(Step::Item(_, index, tag)) = self.path.last_mut() {
            *index = peek.index;
            tag.clone_from(&peek.tag);
        }
        let context = context.object(&peek);
        let names_fields = context.names_fields(self.parent(0));
        self.members(|walk, at, key, is_string| {
            if names_fields {
                walk.look(at, context, false)?;
            }
            let after_key = walk.json.at;
            walk.path.push(Step::Key(key));
            let result = walk.member(context, &peek, after_key, is_string);
            walk.path.pop();
            result
        })
    }

    fn member(
        &mut self,
        context: Context,
        said: &Peek,
        at: usize,
        is_string: bool,
    ) -> Result<(), Stop<E>> {
        let Some(Step::Key(key)) = self.path.last() else {
            return Err(Malformed.into());
        };
        match context.field(key, self.parent(1), said, is_string) {
            Field::Skip => Ok(self.json.skip()?),
            Field::Tokens => {
                let new = if self.json.bytes.get(at) == Some(&b'[') {
                    "[]"
                } else {
                    "null"
                };
                self.json.skip()?;
                if !matches!(&self.json.bytes[at..self.json.at], b"null" | b"[]") {
                    self.edits.push((at..self.json.at, new.to_owned()));
                }
                Ok(())
            }
            Field::MediaType(context) => self.unless(context, |literal| {
                decode(literal).is_some_and(|text| peek::is_media_type(&text))
            }),
            Field::Id(context) => self.unless(context, kind::is_uuid),
            Field::Sealed(context) => self.unless(context, kind::is_sealed),
            Field::Encoded(context) => self.encoded(context),
            Field::Within(context, json) => self.value(context, json),
        }
    }

    /// Goes through an object's fields; `each` gets where the key stands, and has to pass the value.
    fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, Range<usize>, Cow<'b, str>, bool) -> Result<(), Stop<E>>,
    ) -> Result<(), Stop<E>> {
        self.json.need(b'{')?;
        self.json.space();
        if self.json.take(b'}') {
            return Ok(());
        }
        loop {
            let (at, key) = self.json.key()?;
            let is_string = self.json.byte() == Some(b'"');
            each(self, at, key, is_string)?;
            self.json.space();
            if !self.json.take(b',') {
                break;
            }
        }
        Ok(self.json.need(b'}')?)
    }

    /// The field that the object at hand stands in; none within arrays. `below` says how many steps below it the walk is.
    fn parent(&self, below: usize) -> &str {
        match self.path.iter().rev().nth(below) {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    fn look(&mut self, at: Range<usize>, context: Context, json: bool) -> Result<(), Stop<E>> {
        let text = decode(&self.json.bytes[at.clone()]).ok_or(Malformed)?;
        if text.is_empty() {
            return Ok(());
        }
        self.show(at, context, json, &text)
    }

    /// A string that is a text, unless its literal is something else.
    fn unless(&mut self, context: Context, other: fn(&[u8]) -> bool) -> Result<(), Stop<E>> {
        let at = self.json.string()?;
        if other(&self.json.bytes[at.clone()]) {
            return Ok(());
        }
        self.look(at, context, false)
    }

    /// A string that may hold something else, encoded: it is looked at as it stands, and as what it holds.
    fn encoded(&mut self, context: Context) -> Result<(), Stop<E>> {
        let at = self.json.string()?;
        let text = decode(&self.json.bytes[at.clone()]).ok_or(Malformed)?;
        let held = match encoded::read(&text) {
            encoded::Held::Medium => return Ok(()),
            encoded::Held::Nothing => return self.look(at, context, false),
            encoded::Held::Text(held) => held,
        };
        if let Some(new) = self.shown(context, false, &held.text)? {
            self.edits.push((at, quote(&held.with(&new))));
            return Ok(());
        }
        self.look(at, context, false)
    }

    /// A number, which becomes a string when it is replaced.
    fn look_bare(&mut self, at: Range<usize>, context: Context) -> Result<(), Stop<E>> {
        let text = String::from_utf8_lossy(&self.json.bytes[at.clone()]);
        self.show(at, context, false, &text)
    }

    /// Shows it as everything that it may be.
    fn show(
        &mut self,
        at: Range<usize>,
        context: Context,
        json: bool,
        text: &str,
    ) -> Result<(), Stop<E>> {
        if let Some(new) = self.shown(context, json, text)? {
            self.edits.push((at, quote(&new)));
        }
        Ok(())
    }

    /// What is to stand in a text's place.
    fn shown(
        &mut self,
        context: Context,
        json: bool,
        text: &str,
    ) -> Result<Option<String>, Stop<E>> {
        let mut new: Option<String> = None;
        for kind in std::iter::once(context.kind).chain(context.also) {
            let place = Place {
                path: &self.path,
                part: Part { kind, json },
            };
            let said = (self.see)(&place, new.as_deref().unwrap_or(text));
            new = said.map_err(Stop::Refused)?.or(new);
        }
        Ok(new)
    }
}
