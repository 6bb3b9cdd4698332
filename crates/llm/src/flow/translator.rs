//! A stream from one wire to another, for whoever has no other steps to take.

use bytes::Bytes;

use super::{Crossing, Door, End, Frame, Join, Translate};
use crate::event::Failure;
use crate::usage::Usage;

/// A door, a translation, and bytes again.
#[derive(Debug)]
pub struct Translator {
    door: Door,
    step: Translate,
    join: Join,
}

impl Translator {
    /// From the provider's wire to the client's.
    pub fn new(crossing: Crossing) -> Self {
        Self {
            door: Door::of(crossing.provider),
            step: Translate::new(crossing),
            join: Join::default(),
        }
    }

    /// Takes the next bytes and gives what goes on to the client, which may be empty.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        let Self { door, step, join } = self;
        // A stream has no frame that could be unreadable as a whole.
        door.push(chunk, &mut |frame: Frame| {
            let _ = step.frame(frame, &mut |frame| join.push(frame));
        });
        step.flush(&mut |frame| join.push(frame));
        join.take()
    }

    /// The provider's bytes are at their end; gives what is left to say.
    pub fn finish(&mut self) -> Bytes {
        let Self { door, step, join } = self;
        if let Some(frame) = door.close() {
            let _ = step.frame(frame, &mut |frame| join.push(frame));
        }
        step.close(&mut |frame| join.push(frame));
        join.take()
    }

    /// Tokens used, as far as is known.
    pub fn usage(&self) -> Usage {
        self.step.reading().usage
    }

    /// How the stream stands.
    pub fn end(&self) -> End {
        self.step.reading().end.unwrap_or_default()
    }

    /// What went wrong within the stream.
    pub fn failure(&self) -> Option<&Failure<'static>> {
        self.step.failure()
    }
}
