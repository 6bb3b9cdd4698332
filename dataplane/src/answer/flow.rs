//! The steps of one answer, one behind the other.

use std::task::{Context, Poll};

use bytes::Bytes;
use sluice_guard::Hits;
use sluice_llm::event::Failure;
use sluice_llm::flow::{End, Frame, Join, Reading, WholeBody};

use super::step::{Close, Step, Wait};
use crate::budget::Share;
use crate::rejection::{Rejected, Rejection, Stage};

/// Memory is accounted for in pieces of so many bytes.
const PIECE: usize = 4 << 10;

/// An answer's steps, with what they hold accounted for.
pub(super) struct Flow {
    steps: Vec<Box<dyn Step>>,
    tail: Tail,
    share: Share,
    /// Bytes that are held before the first step.
    before: usize,
    /// Whether any step may have to wait for somebody.
    waits: bool,
    closing: Option<Closing>,
}

/// Steps are closed one after the other, each when what was held before it has come.
struct Closing {
    close: Close,
    /// The next step to close.
    next: usize,
}

/// Where the last step's frames go.
#[derive(Default)]
struct Tail {
    join: Join,
    whole: Option<WholeBody>,
}

impl Tail {
    fn take(&mut self, frame: Frame) {
        match frame {
            Frame::Whole(whole) => self.whole = Some(whole),
            frame => self.join.push(frame),
        }
    }
}

/// Hands a frame to the first step, what comes of it to the next, and so on. After a failure nothing more goes on.
fn pass(steps: &mut [Box<dyn Step>], frame: Frame, tail: &mut Tail, failed: &mut Option<Rejected>) {
    if failed.is_some() {
        return;
    }
    let Some((step, rest)) = steps.split_first_mut() else {
        return tail.take(frame);
    };
    let result = step.frame(frame, &mut |frame| pass(rest, frame, tail, failed));
    if let Err(rejection) = result {
        failed.get_or_insert(rejection);
    }
}

impl Flow {
    pub(super) fn new(steps: Vec<Box<dyn Step>>, share: Share) -> Self {
        Self {
            waits: steps.iter().any(|step| step.waits()),
            steps,
            tail: Tail::default(),
            share,
            before: 0,
            closing: None,
        }
    }

    /// The memory that it takes.
    pub(super) fn share(&mut self) -> &mut Share {
        &mut self.share
    }

    /// Whether any step may have to wait for somebody: those that look and ask do.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Frames that follow are cut from these bytes.
    pub(super) fn source(&mut self, chunk: &Bytes) {
        self.tail.join.source(chunk);
    }

    /// Takes the next frame, and hands it through.
    pub(super) fn frame(&mut self, frame: Frame, failed: &mut Option<Rejected>) {
        pass(&mut self.steps, frame, &mut self.tail, failed);
    }

    /// No more frames are at hand for now. `held` bytes are held before the first step.
    pub(super) fn flush(&mut self, held: usize) -> Result<(), Rejected> {
        for i in 0..self.steps.len() {
            self.at(i, |step, out| {
                step.flush(out);
                Ok(())
            })?;
        }
        self.before = held;
        self.account()
    }

    /// The provider's part is over; steps that wait are closed by [`Flow::poll`] when they no longer do.
    pub(super) fn close(&mut self, close: Close) -> Result<(), Rejected> {
        self.closing = Some(Closing { close, next: 0 });
        self.go_on_closing()
    }

    /// What the steps up to the one that reads hold is of no use any more: the answer has failed, and the caller has been told.
    pub(super) fn close_behind_reader(&mut self) -> Result<(), Rejected> {
        let reader = self.steps.iter().position(|s| s.reading().is_some());
        self.closing = Some(Closing {
            close: Close::Complete,
            next: reader.map_or(self.steps.len(), |at| at + 1),
        });
        self.go_on_closing()
    }

    /// Whether all steps are closed, and none holds anything.
    pub(super) fn is_closed(&self) -> bool {
        let next = self.closing.as_ref().map(|closing| closing.next);
        next == Some(self.steps.len()) && !self.is_waiting(self.steps.len())
    }

    /// Goes on waiting for those that steps wait for, the nearest to the client first.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Result<Wait, Rejected> {
        if !self.waits {
            return Ok(Wait::No);
        }
        let mut longest = Wait::No;
        for i in (0..self.steps.len()).rev() {
            let mut wait = Wait::No;
            self.at(i, |step, out| {
                wait = step.poll(cx, out)?;
                Ok(())
            })?;
            if wait == Wait::Over {
                self.flush(self.before)?;
                self.go_on_closing()?;
            }
            longest = longest.max(wait);
        }
        Ok(longest)
    }

    /// Ready when all steps have let go of what they had.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Rejected>> {
        while !self.is_closed() {
            match self.poll(cx) {
                Ok(Wait::Timer | Wait::Word) => return Poll::Pending,
                Ok(Wait::No | Wait::Over) => {}
                Err(rejection) => return Poll::Ready(Err(rejection)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// What has come out, which may be nothing.
    pub(super) fn take(&mut self) -> Bytes {
        self.tail.join.take()
    }

    /// The whole answer that has come out, with its share of the memory.
    pub(super) fn into_whole(mut self) -> Option<(WholeBody, Share)> {
        let whole = self.tail.whole.take()?;
        Some((whole, self.share))
    }

    /// What the step that reads has read.
    pub(super) fn reading(&self) -> Option<Reading> {
        self.steps.iter().find_map(|step| step.reading())
    }

    /// What went wrong within the answer, where the caller has been told of it.
    pub(super) fn failure(&self) -> Option<&Failure<'static>> {
        self.steps.iter().find_map(|step| step.failure())
    }

    /// How the answer stands, where anybody knows.
    pub(super) fn end(&self) -> Option<End> {
        self.reading()?.end
    }

    /// What guards have found.
    pub(super) fn hits(&self) -> impl Iterator<Item = &Hits> {
        self.steps.iter().filter_map(|step| step.hits())
    }

    /// Does something with one step; what comes of it goes on to those behind it.
    fn at(
        &mut self,
        i: usize,
        act: impl FnOnce(&mut dyn Step, &mut dyn FnMut(Frame)) -> Result<(), Rejected>,
    ) -> Result<(), Rejected> {
        let Self { steps, tail, .. } = self;
        let Some((step, rest)) = steps.get_mut(i..).and_then(<[_]>::split_first_mut) else {
            return Ok(());
        };
        let mut failed = None;
        let result = act(step.as_mut(), &mut |frame| {
            pass(rest, frame, tail, &mut failed)
        });
        result.and(failed.map_or(Ok(()), Err))
    }

    fn go_on_closing(&mut self) -> Result<(), Rejected> {
        while let Some(&Closing { close, next }) = self.closing.as_ref()
            && next < self.steps.len()
        {
            // A step before it that waits has more to say.
            if self.is_waiting(next) {
                return Ok(());
            }
            self.closing = Some(Closing {
                close,
                next: next + 1,
            });
            self.at(next, |step, out| step.close(close, out))?;
            self.flush(self.before)?;
        }
        Ok(())
    }

    /// Whether any of the first steps has still to let go of something.
    fn is_waiting(&self, upto: usize) -> bool {
        self.waits && self.steps[..upto].iter().any(|step| step.is_waiting())
    }

    /// Bytes that are held, in whole pieces.
    fn held(&self) -> usize {
        let steps = self.steps.iter().map(|step| step.held());
        (self.before + steps.sum::<usize>()).next_multiple_of(PIECE)
    }

    /// Takes what is held out of the memory for bodies. What a step holds for its own use only is let go where there is none left.
    fn account(&mut self) -> Result<(), Rejected> {
        let wanted = self.held();
        if wanted == self.share.bytes() {
            return Ok(());
        }
        // What was taken once is hardly worth giving back for a moment.
        if wanted < self.share.bytes() && wanted * 4 > self.share.bytes() {
            return Ok(());
        }
        if self.share.try_set(wanted) {
            return Ok(());
        }
        self.steps.iter_mut().for_each(|step| step.ease());
        if self.share.try_set(self.held()) {
            return Ok(());
        }
        Err(Rejection::no_memory(Stage::Relay))
    }
}
