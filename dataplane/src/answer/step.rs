//! One thing that is done to an answer on its way.

use std::task::Context;

use sluice_guard::Hits;
use sluice_llm::event::Failure;
use sluice_llm::flow::{Frame, Out, Reading, Tally, Translate};

use crate::rejection::Rejected;

/// How the provider's part of an answer ended, as HTTP sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// All of it came.
    Complete,
    /// It broke off: what is held for what was to come is of no use.
    Cut,
}

/// What a step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wait {
    /// Nothing.
    No,
    /// It will wake the task; what comes meanwhile is taken.
    Timer,
    /// Somebody's word: nothing more is to be read until then.
    Word,
    /// It no longer waits, and has let something go.
    Over,
}

/// Takes frames and gives frames. What it has read, found and held can be asked at any time.
///
/// An error is the end: nothing more of the answer passes, and no other method is called but those that ask.
pub(super) trait Step: Send {
    /// Takes the next frame.
    fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Rejected>;

    /// No more frames are at hand for now.
    fn flush(&mut self, _: Out<'_>) {}

    /// The provider's part is over: gives what was held.
    fn close(&mut self, _: Close, _: Out<'_>) -> Result<(), Rejected> {
        Ok(())
    }

    /// Whether it may have to wait for somebody.
    fn waits(&self) -> bool {
        false
    }

    /// Whether it has still to let something go, although nothing more may come.
    fn is_waiting(&self) -> bool {
        false
    }

    /// Goes on waiting.
    fn poll(&mut self, _: &mut Context<'_>, _: Out<'_>) -> Result<Wait, Rejected> {
        Ok(Wait::No)
    }

    /// Bytes that it holds.
    fn held(&self) -> usize {
        0
    }

    /// Lets go of what it holds for its own use only.
    fn ease(&mut self) {}

    /// What it has read, for the one step that reads.
    fn reading(&self) -> Option<Reading> {
        None
    }

    /// What went wrong within the answer, where that step has told the caller of it.
    fn failure(&self) -> Option<&Failure<'static>> {
        None
    }

    /// What guards have found.
    fn hits(&self) -> Option<&Hits> {
        None
    }
}

impl Step for Tally {
    fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Rejected> {
        self.frame(frame, out);
        Ok(())
    }

    fn reading(&self) -> Option<Reading> {
        Some(self.reading())
    }
}

impl Step for Translate {
    fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Rejected> {
        Ok(self.frame(frame, out)?)
    }

    fn flush(&mut self, out: Out<'_>) {
        self.flush(out);
    }

    fn close(&mut self, close: Close, out: Out<'_>) -> Result<(), Rejected> {
        if close == Close::Complete {
            self.close(out);
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.held()
    }

    fn reading(&self) -> Option<Reading> {
        Some(self.reading())
    }

    fn failure(&self) -> Option<&Failure<'static>> {
        self.failure()
    }
}
