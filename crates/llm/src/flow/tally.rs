//! An answer of the caller's own wire: passed on as it is, and understood on the way.

use bytes::Bytes;

use super::passed::Passed;
use super::{End, Frame, Out, Reading, WholeBody};
use crate::dialect;
use crate::json::Object;
use crate::sse::Event;
use crate::usage;
use crate::usage::totals::Totals;
use crate::{Operation, Wire};

/// Reads an answer of the caller's own wire as it passes.
#[derive(Debug)]
pub struct Tally {
    wire: Wire,
    operation: Operation,
    /// Whether the usage chunk was asked for by the gateway alone, and must not reach the client.
    strip_usage: bool,
    totals: Totals,
    end: End,
    /// Something came that can't be understood, so that nothing is known of what follows.
    is_blind: bool,
}

impl Tally {
    /// For an answer to this in this wire; `strip_usage` takes OpenAI's usage-only chunk out again.
    pub fn new(wire: Wire, operation: Operation, strip_usage: bool) -> Self {
        Self {
            wire,
            operation,
            strip_usage,
            totals: Totals::default(),
            end: End::Open,
            is_blind: false,
        }
    }

    /// Passes a frame on as it is, but for the chunk that nobody asked for.
    pub fn frame(&mut self, frame: Frame, out: Out<'_>) {
        match &frame {
            Frame::Event(event) => {
                if self.observe(event) {
                    return;
                }
            }
            Frame::Whole(whole) => self.observe_whole(whole),
            Frame::Unframed(_) => self.is_blind = true,
            Frame::Message(_) | Frame::Bytes(_) => {}
        }
        out(frame);
    }

    /// What was read so far.
    pub fn reading(&self) -> Reading {
        Reading {
            usage: self.totals.usage(dialect::family(self.wire.format()).usage),
            end: (!self.is_blind).then_some(self.end),
        }
    }

    /// A whole answer has ended with itself; an error has used nothing.
    fn observe_whole(&mut self, whole: &WholeBody) {
        self.end = End::Complete;
        if !whole.is_success() || !self.operation.has_json_body() {
            return;
        }
        if let Ok(object) = Object::scan(whole.body.clone())
            && let Ok(Some(usage)) = object.get(usage::field(self.wire.format()))
        {
            self.totals.update(usage);
        }
    }

    /// Reads one event; true when it must not reach the client.
    fn observe(&mut self, event: &Event) -> bool {
        let Some(data) = event.data() else {
            return false;
        };
        let data: &[u8] = &data;
        // Most events have nothing to tell; only where a key is seen is the event taken apart, and the key believed where its
        // format has it: what a caller wrote is echoed elsewhere.
        let passing = dialect::of(self.wire).passing;
        let object = if (passing.may_tell)(data) {
            Object::scan(Bytes::copy_from_slice(data)).ok()
        } else {
            None
        };
        let object = object.as_ref();
        let used = object
            .and_then(passing.usage)
            .filter(|value| value.first() == Some(&b'{'));
        if let Some(value) = &used {
            self.totals.update(value);
        }
        let passed = Passed {
            event,
            data,
            object,
        };
        self.end = match (passing.end)(&passed) {
            // A provider that has reported an error can't take it back.
            _ if self.end == End::Failed => End::Failed,
            Some(end) => end,
            // Streams of media have no word of their own for their end.
            None if self.operation == Operation::Media => End::Complete,
            None => self.end,
        };
        self.strip_usage && used.is_some() && object.is_some_and(is_usage_only)
    }
}

/// OpenAI's last chunk: `choices` is empty.
fn is_usage_only(object: &Object) -> bool {
    let choices = object.get("choices").ok().flatten();
    choices
        .and_then(|c| c.strip_prefix(b"["))
        .is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b']'))
}

#[cfg(test)]
mod tests;
