//! Cuts what a translation wrote, for steps that come behind it.

use sluice_llm::flow::{Door, Frame, Out};

use super::step::{Close, Step};
use crate::rejection::Rejected;

/// Bytes in, events out.
pub(super) struct Reframe(Door);

impl Reframe {
    pub(super) fn new() -> Self {
        Self(Door::events())
    }
}

impl Step for Reframe {
    fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Rejected> {
        match frame {
            Frame::Bytes(bytes) => self.0.push(bytes, out),
            frame => out(frame),
        }
        Ok(())
    }

    fn close(&mut self, _: Close, out: Out<'_>) -> Result<(), Rejected> {
        if let Some(frame) = self.0.close() {
            out(frame);
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.0.held()
    }
}
