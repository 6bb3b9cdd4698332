//! Streams in segments: held until somebody has said what is to become of their texts.
//!
//! ```text
//! push(event) ...            held; their texts are gathered, those of each choice, block or item together
//! texts() -> Vec<Text>       to ask about
//! release(texts) -> events   what was held, with the texts that stand for those
//! ```
//!
//! Events are read twice: when they come, for their texts, and when they leave, to put the new ones in. Both readings begin with the same
//! first event and see all of them, so that they agree on which text is which.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use sluice_llm::Wire;
use sluice_llm::flow::{Frame, Out};
use sluice_llm::text::{Deltas, Masks, Part};

use super::{Asker, Text};
use crate::{Scope, Scopes};

/// A segment with so much text is asked about, in bytes.
const MOST: usize = 4 << 10;
/// So is one with so much that ends a sentence.
const ENOUGH: usize = 1 << 10;
/// And one that is so long with whatever is no text.
const MOST_HELD: usize = 256 << 10;
/// So much of what was passed on goes along as the context, in bytes.
const BEFORE: usize = 1 << 10;

/// A stream that leaves in segments.
#[derive(Debug)]
pub struct Segments {
    reading: Deltas<Id>,
    writing: Deltas<Id>,
    scopes: Scopes,
    /// Whether anybody may change what passes. What is only watched passes byte for byte, and whatever it is.
    changes: bool,
    /// What is held.
    held: Vec<Frame>,
    held_len: usize,
    gathered: Vec<Gathered>,
    /// How much text that is.
    text_len: usize,
    ends_sentence: bool,
    /// How many texts have begun, in each reading.
    read: Cell<usize>,
    written: Cell<usize>,
    /// The ends of texts that go on.
    before: BTreeMap<usize, String>,
}

/// Which text a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id {
    number: usize,
    part: Part,
}

/// A text of the segment; one that is there as a whole has no number.
#[derive(Debug)]
struct Gathered {
    number: Option<usize>,
    part: Part,
    text: String,
}

impl Segments {
    /// For a stream of this wire, of which somebody is asked.
    pub fn new<'a>(wire: Wire, askers: impl IntoIterator<Item = &'a Asker> + Clone) -> Self {
        let is_wanted = |scope: &Scope| {
            askers
                .clone()
                .into_iter()
                .any(|asker| asker.looks_at(*scope))
        };
        Self {
            reading: Deltas::new(wire),
            writing: Deltas::new(wire),
            scopes: Scope::ALL.into_iter().filter(is_wanted).collect(),
            changes: askers.clone().into_iter().any(Asker::enforces),
            held: Vec::new(),
            held_len: 0,
            gathered: Vec::new(),
            text_len: 0,
            ends_sentence: false,
            read: Cell::new(0),
            written: Cell::new(0),
            before: BTreeMap::new(),
        }
    }

    /// Takes the next frame. What is no event has no texts.
    pub fn push(&mut self, frame: Frame) {
        self.held_len += frame.len();
        let mut gather = Gather {
            scopes: self.scopes,
            next: &self.read,
            gathered: &mut self.gathered,
            len: &mut self.text_len,
            ends_sentence: &mut self.ends_sentence,
        };
        if let Frame::Event(event) = &frame {
            never(self.reading.event(event, &mut gather, &mut |_| {}));
        }
        self.held.push(frame);
    }

    /// The stream has ended.
    pub fn finish(&mut self) {
        let mut gather = Gather {
            scopes: self.scopes,
            next: &self.read,
            gathered: &mut self.gathered,
            len: &mut self.text_len,
            ends_sentence: &mut self.ends_sentence,
        };
        never(self.reading.finish(&mut gather, &mut |_| {}));
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.held_len
    }

    /// Whether anything is held.
    pub fn is_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether there is text that somebody has to be asked about.
    pub fn has_text(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// Whether there is so much that it is time to ask.
    pub fn is_due(&self) -> bool {
        self.has_text()
            && (self.text_len >= MOST
                || (self.text_len >= ENOUGH && self.ends_sentence)
                || self.held_len >= MOST_HELD)
    }

    /// The texts to ask about. What goes along as `before` has passed already.
    pub fn texts(&self) -> Vec<Text> {
        let text = |g: &Gathered| Text {
            part: g.part,
            text: g.text.clone(),
            before: g
                .number
                .and_then(|n| self.before.get(&n))
                .cloned()
                .unwrap_or_default(),
            whole: g.number.is_none(),
        };
        self.gathered.iter().map(text).collect()
    }

    /// Lets go of what is held, with these texts in place of those that were asked about; `last` at the end of the stream.
    pub fn release(&mut self, texts: Vec<Text>, last: bool, out: Out<'_>) {
        let mut put = self.put(texts);
        (self.text_len, self.held_len, self.ends_sentence) = (0, 0, false);
        for frame in std::mem::take(&mut self.held) {
            match frame {
                Frame::Event(event) if self.changes => {
                    let mut write = |event| out(Frame::Event(event));
                    never(self.writing.event(&event, &mut put, &mut write));
                }
                frame => out(frame),
            }
        }
        if last && self.changes {
            let mut write = |event| out(Frame::Event(event));
            never(self.writing.finish(&mut put, &mut write));
        }
        self.written = put.next;
        for number in put.ended {
            self.before.remove(&number);
        }
    }

    /// The texts that have changed, by where they go.
    fn put(&mut self, texts: Vec<Text>) -> Put {
        let mut put = Put {
            scopes: self.scopes,
            next: self.written.clone(),
            wholes: VecDeque::new(),
            pieces: BTreeMap::new(),
            ended: Vec::new(),
        };
        let gathered = std::mem::take(&mut self.gathered);
        for (old, new) in gathered.into_iter().zip(texts) {
            let changed = old.text != new.text;
            match old.number {
                None => put.wholes.push_back(changed.then_some(new.text)),
                Some(number) => {
                    remember(self.before.entry(number).or_default(), &new.text);
                    if changed {
                        put.pieces.insert(number, Some(new.text));
                    }
                }
            }
        }
        put
    }
}

fn remember(before: &mut String, text: &str) {
    before.push_str(text);
    let drop = before.ceil_char_boundary(before.len().saturating_sub(BEFORE));
    before.drain(..drop);
}

fn never<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

fn begin(next: &Cell<usize>, part: Part) -> Id {
    let number = next.replace(next.get() + 1);
    Id { number, part }
}

/// Notes the texts, and changes nothing.
struct Gather<'s> {
    scopes: Scopes,
    next: &'s Cell<usize>,
    gathered: &'s mut Vec<Gathered>,
    len: &'s mut usize,
    ends_sentence: &'s mut bool,
}

impl Gather<'_> {
    fn note(&mut self, number: Option<usize>, part: Part, piece: &str) {
        if !self.scopes.has(part.kind.into()) {
            return;
        }
        *self.len += piece.len();
        *self.ends_sentence = piece.contains('\n')
            || piece
                .trim_end()
                .ends_with(['.', '!', '?', '\u{3002}', '\u{ff01}', '\u{ff1f}']);
        let known = self
            .gathered
            .iter_mut()
            .find(|g| number.is_some() && g.number == number);
        match known {
            Some(known) => known.text.push_str(piece),
            None => self.gathered.push(Gathered {
                number,
                part,
                text: piece.to_owned(),
            }),
        }
    }
}

impl Masks for Gather<'_> {
    type Text = Id;
    type Refusal = Infallible;

    fn begin(&self, part: Part) -> Id {
        begin(self.next, part)
    }

    fn push(&mut self, id: &mut Id, piece: &str, out: &mut String) -> Result<(), Infallible> {
        self.note(Some(id.number), id.part, piece);
        out.push_str(piece);
        Ok(())
    }

    fn finish(&mut self, _: &mut Id, _: &mut String) -> Result<(), Infallible> {
        Ok(())
    }

    fn whole(&mut self, part: Part, text: &str) -> Result<Option<String>, Infallible> {
        self.note(None, part, text);
        Ok(None)
    }
}

/// Puts the new texts in: all of one in place of its first piece, and nothing in place of the others.
struct Put {
    scopes: Scopes,
    next: Cell<usize>,
    wholes: VecDeque<Option<String>>,
    pieces: BTreeMap<usize, Option<String>>,
    ended: Vec<usize>,
}

impl Masks for Put {
    type Text = Id;
    type Refusal = Infallible;

    fn begin(&self, part: Part) -> Id {
        begin(&self.next, part)
    }

    fn push(&mut self, id: &mut Id, piece: &str, out: &mut String) -> Result<(), Infallible> {
        match self.pieces.get_mut(&id.number) {
            Some(new) => out.push_str(&new.take().unwrap_or_default()),
            None => out.push_str(piece),
        }
        Ok(())
    }

    fn finish(&mut self, id: &mut Id, _: &mut String) -> Result<(), Infallible> {
        self.ended.push(id.number);
        Ok(())
    }

    fn whole(&mut self, part: Part, _: &str) -> Result<Option<String>, Infallible> {
        let is_asked = self.scopes.has(part.kind.into());
        Ok(if is_asked {
            self.wholes.pop_front().flatten()
        } else {
            None
        })
    }
}
