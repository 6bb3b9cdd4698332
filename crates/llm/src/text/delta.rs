//! The texts of a stream, each over all the events that bring pieces of it.
//!
//! A text is known by where its pieces stand: choice, block or item, and the path from there. What a mask holds back of it is sent
//! when its choice, block or item ends, in an event of its own before the one that says so.

pub(crate) mod channel;
pub(crate) mod event;
pub(crate) mod shape;

use std::borrow::Cow;

use bytes::Bytes;

use super::kind::{Context, Part};
use super::walk::{Place, Stop, Walk};
use crate::Wire;
use crate::dialect;
use crate::json::Object;
use crate::sse::Event;
use channel::Channel;
use event::Head;
use shape::{Ends, StreamTexts};

/// What is done with texts.
pub trait Masks {
    /// A text that comes in pieces.
    type Text;
    /// Why a text must not pass.
    type Refusal;

    /// Begins a text.
    fn begin(&self, part: Part) -> Self::Text;

    /// Takes a piece, and appends what may pass.
    fn push(
        &mut self,
        text: &mut Self::Text,
        piece: &str,
        out: &mut String,
    ) -> Result<(), Self::Refusal>;

    /// The text has ended: appends what was held back.
    fn finish(&mut self, text: &mut Self::Text, out: &mut String) -> Result<(), Self::Refusal>;

    /// A text that is there as a whole. `None` when it may pass as it is.
    fn whole(&mut self, part: Part, text: &str) -> Result<Option<String>, Self::Refusal>;
}

/// Where events go.
pub type Events<'o> = &'o mut dyn FnMut(Event);

struct Open<T> {
    channel: Channel,
    text: T,
}

/// A text of an event: what it is a piece of, and what is to stand in its place.
struct Seen {
    channel: Option<Channel>,
    new: Option<String>,
}

/// An event that says that its choices have ended, until it is known whether they have.
struct Pending {
    event: Event,
    data: Bytes,
    texts: Vec<Seen>,
    groups: Vec<i64>,
}

/// Masks the texts of a provider's stream; what comes out is a stream of the same format.
pub struct Deltas<T> {
    shape: &'static dyn StreamTexts,
    open: Vec<Open<T>>,
    pending: Vec<Pending>,
    head: Head,
    /// Events that were added, which Responses counts.
    added: i64,
}

impl<T> std::fmt::Debug for Deltas<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deltas")
            .field("shape", &self.shape)
            .field("open", &self.open.len())
            .finish()
    }
}

impl<T> Deltas<T> {
    /// For a stream of this wire.
    pub fn new(wire: Wire) -> Self {
        Self {
            shape: dialect::of(wire).texts,
            open: Vec::new(),
            pending: Vec::new(),
            head: Head::default(),
            added: 0,
        }
    }

    /// Bytes that are held: events that wait for what follows them, and, as `of` has it, what is held back of texts.
    pub fn held(&self, of: impl Fn(&T) -> usize) -> usize {
        let waiting = self.pending.iter().map(|p| p.event.raw().len());
        waiting
            .chain(self.open.iter().map(|open| of(&open.text)))
            .sum()
    }

    /// The stream has ended: gives what was held back.
    pub fn finish<M: Masks<Text = T>>(
        &mut self,
        masks: &mut M,
        out: Events<'_>,
    ) -> Result<(), M::Refusal> {
        self.settle(masks, out)?;
        self.end(&Ends::All, masks, out)
    }

    /// Takes the next event of the stream, and gives those that may pass. After a refusal, none may.
    pub fn event<M: Masks<Text = T>>(
        &mut self,
        event: &Event,
        masks: &mut M,
        out: Events<'_>,
    ) -> Result<(), M::Refusal> {
        let Some(data) = event.data() else {
            out(event.clone());
            return Ok(());
        };
        if &*data == b"[DONE]" {
            self.settle(masks, out)?;
            self.end(&Ends::All, masks, out)?;
            out(event.clone());
            return Ok(());
        }
        let bytes = match &data {
            Cow::Borrowed(data) => event.raw().slice_ref(data),
            Cow::Owned(data) => Bytes::copy_from_slice(data),
        };
        let Ok(object) = Object::scan(bytes) else {
            // No JSON that could be taken apart: looked at as one text.
            let text = String::from_utf8_lossy(&data);
            let part = Part {
                kind: super::Kind::Assistant,
                json: false,
            };
            match masks.whole(part, &text)? {
                Some(masked) => out(event::rewritten(event, masked.as_bytes())),
                None => out(event.clone()),
            }
            return Ok(());
        };
        let ends = self.shape.ends(&object);
        let mut texts = Vec::new();
        let new = match self.texts(&data, &object, &ends, masks, &mut texts) {
            Ok(new) => new,
            Err(Stop::Refused(why)) => return Err(why),
            // Brackets that match around something that is no JSON, or too much of it. Nobody can read it, so nobody gets it.
            Err(Stop::Unclear(_)) => return Ok(()),
        };
        self.go_on(&texts, &ends, masks, out)?;
        self.head.see(&object);
        if let Ends::Perhaps(groups) = ends {
            let data = object.bytes().clone();
            self.pending.push(Pending {
                event: event.clone(),
                data,
                texts,
                groups,
            });
            return Ok(());
        }
        self.end(&ends, masks, out)?;
        self.write(event, &data, new, out);
        Ok(())
    }

    fn write(&self, event: &Event, data: &[u8], new: Option<Vec<u8>>, out: Events<'_>) {
        let renumbered = self
            .shape
            .renumber(new.as_deref().unwrap_or(data), self.added);
        match renumbered.or(new) {
            Some(new) => out(event::rewritten(event, &new)),
            None => out(event.clone()),
        }
    }

    /// Goes through an event's texts and notes them. Gives the event's data when it changed, unless the event may end its choice:
    /// then it is written when that is known.
    fn texts<M: Masks<Text = T>>(
        &mut self,
        data: &[u8],
        object: &Object,
        ends: &Ends,
        masks: &mut M,
        texts: &mut Vec<Seen>,
    ) -> Result<Option<Vec<u8>>, Stop<M::Refusal>> {
        let about = self.shape.about(object);
        let (shape, open) = (self.shape, &mut self.open);
        let waits = matches!(ends, Ends::Perhaps(_));
        let mut see = |place: &Place<'_, '_>, text: &str| {
            let part = shape.part(&about, place);
            let Some(channel) = shape.channel(&about, place) else {
                let new = masks.whole(part, text)?;
                if waits {
                    texts.push(Seen { channel: None, new });
                    return Ok(None);
                }
                return Ok(new);
            };
            let i = open
                .iter()
                .position(|o| o.channel == channel)
                .unwrap_or_else(|| {
                    open.push(Open {
                        channel: channel.clone(),
                        text: masks.begin(part),
                    });
                    open.len() - 1
                });
            let mut out = String::with_capacity(text.len());
            masks.push(&mut open[i].text, text, &mut out)?;
            if waits {
                texts.push(Seen {
                    channel: Some(channel),
                    new: Some(out),
                });
                return Ok(None);
            }
            texts.push(Seen {
                channel: Some(channel),
                new: None,
            });
            Ok((out != text).then_some(out))
        };
        Walk::new(data, &mut see).run(Context::answer())
    }

    /// Sends events that waited for what follows them. Providers have been seen to give a reason to have finished with every event:
    /// where more of its choice comes, it has ended nothing.
    fn go_on<M: Masks<Text = T>>(
        &mut self,
        texts: &[Seen],
        ends: &Ends,
        masks: &mut M,
        out: Events<'_>,
    ) -> Result<(), M::Refusal> {
        let mut groups: Vec<i64> = texts
            .iter()
            .filter_map(|t| Some(t.channel.as_ref()?.group))
            .collect();
        if let Ends::Perhaps(more) = ends {
            groups.extend(more);
        }
        if groups.is_empty() {
            return self.settle(masks, out);
        }
        for pending in std::mem::take(&mut self.pending) {
            if pending.groups.iter().any(|group| groups.contains(group)) {
                self.send(pending, out);
            } else {
                self.pending.push(pending);
            }
        }
        Ok(())
    }

    /// What waited has ended its choices: what was held back of them goes along, or before it.
    fn settle<M: Masks<Text = T>>(
        &mut self,
        masks: &mut M,
        out: Events<'_>,
    ) -> Result<(), M::Refusal> {
        for mut pending in std::mem::take(&mut self.pending) {
            let ends = Ends::Groups(std::mem::take(&mut pending.groups));
            // With the last piece of each text, of those that have one in the event.
            for seen in pending.texts.iter_mut().rev() {
                let channel = seen.channel.as_ref().filter(|channel| ends.has(channel));
                let Some(at) = channel.and_then(|c| self.open.iter().position(|o| o.channel == *c))
                else {
                    continue;
                };
                let mut open = self.open.remove(at);
                masks.finish(&mut open.text, seen.new.get_or_insert_default())?;
            }
            self.end(&ends, masks, out)?;
            self.send(pending, out);
        }
        Ok(())
    }

    fn send(&mut self, pending: Pending, out: Events<'_>) {
        let mut texts = pending.texts.into_iter();
        let mut see = |_: &Place<'_, '_>, text: &str| {
            Ok::<_, std::convert::Infallible>(
                texts.next().and_then(|t| t.new).filter(|new| new != text),
            )
        };
        let new = Walk::new(&pending.data, &mut see)
            .run(Context::answer())
            .unwrap_or_default();
        self.write(&pending.event, &pending.data, new, out);
    }

    /// Sends what was held back of texts that end.
    fn end<M: Masks<Text = T>>(
        &mut self,
        ends: &Ends,
        masks: &mut M,
        out: Events<'_>,
    ) -> Result<(), M::Refusal> {
        let mut i = 0;
        while let Some(open) = self.open.get_mut(i) {
            if !ends.has(&open.channel) {
                i += 1;
                continue;
            }
            let mut held = String::new();
            masks.finish(&mut open.text, &mut held)?;
            let open = self.open.remove(i);
            if !held.is_empty() {
                let added = self
                    .shape
                    .added(&open.channel, &held, &self.head, &mut self.added);
                if let Some(event) = added {
                    out(event);
                }
            }
        }
        Ok(())
    }
}
