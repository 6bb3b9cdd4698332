//! Guards as a step of an answer's flow.

use std::sync::Arc;

use bytes::Bytes;
use sluice_llm::Wire;
use sluice_llm::flow::{Frame, Out, WholeBody};
use sluice_llm::text::{Deltas, Kind, Masks, Part, TextError};

use crate::{Guards, Hits, Looking, Pieces, Refusal};

/// Why nothing more of an answer may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmasked {
    /// A rule refused what it says.
    Refused(Refusal),
    /// An event is too long to be looked at.
    TooLong,
    /// It can't be read, so that nobody knows what it says.
    Unreadable(String),
}

/// Looks at the texts of an answer, and masks or refuses them.
#[derive(Debug)]
pub struct MaskStep {
    guards: Arc<Guards>,
    deltas: Deltas<Pieces>,
    hits: Hits,
}

impl MaskStep {
    /// For an answer that is written in this wire where it is looked at.
    pub fn new(guards: Arc<Guards>, wire: Wire) -> Self {
        Self {
            guards,
            deltas: Deltas::new(wire),
            hits: Hits::default(),
        }
    }

    /// Takes the next frame, and gives those that may pass.
    pub fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Unmasked> {
        let Self {
            guards,
            deltas,
            hits,
        } = self;
        let mut looking = Looking { guards, hits };
        match frame {
            Frame::Event(event) if guards.enforce() => {
                let mut write = |event| out(Frame::Event(event));
                let passed = deltas.event(&event, &mut looking, &mut write);
                passed.map_err(Unmasked::Refused)?;
            }
            // Who only watches changes nothing, and stands in nobody's way.
            Frame::Event(event) => {
                let _ = deltas.event(&event, &mut looking, &mut |_| {});
                out(Frame::Event(event));
            }
            Frame::Whole(whole) => {
                out(Frame::Whole(mask(guards, whole, hits)?));
            }
            Frame::Message(_) | Frame::Bytes(_) | Frame::Unframed(_) if guards.enforce() => {
                return Err(Unmasked::TooLong);
            }
            frame => out(frame),
        }
        Ok(())
    }

    /// The answer has ended: gives what was held back.
    pub fn close(&mut self, out: Out<'_>) -> Result<(), Unmasked> {
        let Self {
            guards,
            deltas,
            hits,
        } = self;
        let enforces = guards.enforce();
        let mut write = |event| {
            if enforces {
                out(Frame::Event(event));
            }
        };
        let finished = deltas.finish(&mut Looking { guards, hits }, &mut write);
        if enforces {
            finished.map_err(Unmasked::Refused)?;
        }
        Ok(())
    }

    /// Bytes that are held back.
    pub fn held(&self) -> usize {
        self.deltas.held(Pieces::held)
    }

    /// The guards.
    pub fn guards(&self) -> &Arc<Guards> {
        &self.guards
    }

    /// What was found so far.
    pub fn hits(&self) -> &Hits {
        &self.hits
    }

    /// The same, to add to it.
    pub fn hits_mut(&mut self) -> &mut Hits {
        &mut self.hits
    }
}

/// What guards let pass of a whole answer. One that can't be read is refused: nobody knows what it says.
pub fn mask(guards: &Guards, whole: WholeBody, hits: &mut Hits) -> Result<WholeBody, Unmasked> {
    let mut looking = Looking { guards, hits };
    if !guards.enforce() {
        let _ = looking.answer(&whole.body);
        return Ok(whole);
    }
    let new = match looking.answer(&whole.body) {
        Ok(new) => new,
        Err(TextError::Refused(refusal)) => return Err(Unmasked::Refused(refusal)),
        // Errors of proxies on the way are pages for people.
        Err(TextError::Malformed(_)) if !whole.is_success() => {
            let text = String::from_utf8_lossy(&whole.body);
            let masked = looking.whole(PAGE, &text).map_err(Unmasked::Refused)?;
            masked.map(String::into_bytes)
        }
        Err(TextError::Malformed(error)) => return Err(Unmasked::Unreadable(error.to_string())),
    };
    Ok(match new {
        None => whole,
        Some(new) => WholeBody {
            body: Bytes::from(new),
            ..whole
        },
    })
}

/// What a page for people is.
pub const PAGE: Part = Part {
    kind: Kind::Assistant,
    json: false,
};
