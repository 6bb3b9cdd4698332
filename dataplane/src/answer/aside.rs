//! Answers that are no stream and that nobody has to wait for: they pass as they come, and are read when they have.

use std::sync::Arc;

use bytes::Bytes;
use sluice_guard::{Guards, Hits, mask};
use sluice_llm::flow::{Frame, Out, Reading, Tally, WholeBody};

use super::step::{Close, Step};
use crate::rejection::Rejected;

/// So much is kept; of a longer answer nothing is read.
const MOST: usize = 4 << 20;

/// Keeps what passes.
pub(super) struct Aside {
    kept: Vec<Bytes>,
    len: usize,
    status: u16,
    tally: Tally,
    /// Guards that only watch.
    guards: Option<Arc<Guards>>,
    hits: Hits,
}

impl Aside {
    pub(super) fn new(status: u16, tally: Tally, guards: Option<Arc<Guards>>) -> Self {
        Self {
            kept: Vec::new(),
            len: 0,
            status,
            tally,
            guards,
            hits: Hits::default(),
        }
    }
}

impl Step for Aside {
    fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Rejected> {
        if let Frame::Bytes(bytes) = &frame {
            self.len = self.len.saturating_add(bytes.len());
            if self.len <= MOST {
                self.kept.push(bytes.clone());
            } else {
                self.kept = Vec::new();
            }
        }
        out(frame);
        Ok(())
    }

    fn close(&mut self, _: Close, _: Out<'_>) -> Result<(), Rejected> {
        let kept = std::mem::take(&mut self.kept);
        let body = match kept.as_slice() {
            [] => return Ok(()),
            [only] => only.clone(),
            many => many.concat().into(),
        };
        let whole = WholeBody {
            status: self.status,
            body,
        };
        if let Some(guards) = &self.guards {
            let _ = mask(guards, whole.clone(), &mut self.hits);
        }
        self.tally.frame(Frame::Whole(whole), &mut |_| {});
        Ok(())
    }

    fn held(&self) -> usize {
        if self.kept.is_empty() { 0 } else { self.len }
    }

    fn ease(&mut self) {
        self.len = usize::MAX;
        self.kept = Vec::new();
    }

    fn reading(&self) -> Option<Reading> {
        // Where it ends, HTTP says.
        let end = None;
        Some(Reading {
            end,
            ..self.tally.reading()
        })
    }

    fn hits(&self) -> Option<&Hits> {
        Some(&self.hits)
    }
}
