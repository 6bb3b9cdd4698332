//! What each object of a JSON text says of itself, read whole before anything is judged by it.

use std::borrow::Cow;

use super::cursor::{Cursor, Malformed, decode};
use super::kind::Kind;
use super::peek::Peek;
use super::walk::MAX_DEPTH;

/// Objects that say something of themselves, at most: beyond any conversation, and 10 MB of memory.
const MOST: usize = 100_000;
/// Objects with more keys are sorted to find one that stands twice.
const FEW: usize = 16;
/// Longer strings are nobody's role, type or medium.
const LONGEST: usize = 64;

/// What objects say, by where they open.
#[derive(Debug, Default)]
pub(super) struct Outline {
    said: Vec<(usize, Peek)>,
    next: usize,
}

/// Whether a key may stand twice in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// It may; only for who watches.
    Any,
    /// Two readers could take different values.
    Once,
}

/// Why a text has no outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unclear {
    Malformed,
    /// A field that stands twice in its object.
    Duplicate(String),
    TooManyObjects,
}

impl From<Malformed> for Unclear {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl Outline {
    /// Reads a text once: linear in its length, but for the sorting of what is found.
    pub(super) fn of(bytes: &[u8], keys: Keys) -> Result<Self, Unclear> {
        let mut reader = Reader {
            json: Cursor::new(bytes),
            once: keys == Keys::Once,
            keys: Vec::new(),
            said: Vec::new(),
        };
        reader.json.space();
        reader.value(0)?;
        let mut said = reader.said;
        said.sort_unstable_by_key(|(at, _)| *at);
        Ok(Self { said, next: 0 })
    }

    /// What the object that opens here says. They are asked for in their order.
    pub(super) fn at(&mut self, open: usize) -> Peek {
        while self.said.get(self.next).is_some_and(|(at, _)| *at < open) {
            self.next += 1;
        }
        match self.said.get_mut(self.next) {
            Some((at, peek)) if *at == open => std::mem::take(peek),
            _ => Peek::default(),
        }
    }
}

struct Reader<'b> {
    json: Cursor<'b>,
    once: bool,
    /// Keys of the objects that are open.
    keys: Vec<Cow<'b, str>>,
    said: Vec<(usize, Peek)>,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<(), Unclear> {
        if depth > MAX_DEPTH {
            return Err(Unclear::Malformed);
        }
        match self.json.byte() {
            Some(b'"') => self.json.string().map(drop)?,
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            _ => self.json.scalar().map(drop)?,
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Unclear> {
        self.json.need(b'[')?;
        self.json.space();
        if self.json.take(b']') {
            return Ok(());
        }
        loop {
            self.json.space();
            self.value(depth + 1)?;
            self.json.space();
            if !self.json.take(b',') {
                break;
            }
        }
        Ok(self.json.need(b']')?)
    }

    fn object(&mut self, depth: usize) -> Result<(), Unclear> {
        let open = self.json.at;
        let first = self.keys.len();
        let mut peek = Peek::default();
        self.json.need(b'{')?;
        self.json.space();
        if self.json.take(b'}') {
            return Ok(());
        }
        loop {
            let (_, key) = self.json.key()?;
            let from = self.json.at;
            self.value(depth + 1)?;
            note(&mut peek, &key, &self.json.bytes[from..self.json.at]);
            if self.once {
                self.keys.push(key);
            }
            self.json.space();
            if !self.json.take(b',') {
                break;
            }
        }
        self.json.need(b'}')?;
        if let Some(twice) = twice(&mut self.keys[first..]) {
            return Err(Unclear::Duplicate(twice.to_owned()));
        }
        self.keys.truncate(first);
        if peek != Peek::default() {
            if self.said.len() == MOST {
                return Err(Unclear::TooManyObjects);
            }
            self.said.push((open, peek));
        }
        Ok(())
    }
}

fn note(peek: &mut Peek, key: &str, value: &[u8]) {
    match (key, value.first()) {
        (_, Some(b'"')) if Peek::hears(key) && value.len() < LONGEST => {
            if let Some(value) = decode(value) {
                peek.hear(key, &value);
            }
        }
        ("index" | "output_index", _) => {
            peek.index = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
        }
        ("thought", _) if value == b"true" => peek.by_type = Some(Kind::Reasoning),
        _ => {}
    }
}

/// A key that stands twice.
fn twice<'k>(keys: &'k mut [Cow<'_, str>]) -> Option<&'k str> {
    if keys.len() <= FEW {
        let is_twice = |i: usize| keys[..i].contains(&keys[i]);
        let found = (1..keys.len()).find(|i| is_twice(*i))?;
        return Some(&keys[found]);
    }
    keys.sort_unstable();
    let found = keys.windows(2).position(|pair| pair[0] == pair[1])?;
    Some(&keys[found])
}
