//! The response body: plays a script, and knows whether the client stayed to the end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::record::{Outcome, Ticket};
use crate::script::Step;

/// How long a reset waits, so that the peer has read what came before it: a reset may overtake unread bytes.
const BEFORE_RESET: Duration = Duration::from_millis(10);

/// The fault asked to break the connection here.
#[derive(Debug, thiserror::Error)]
#[error("cut by fault")]
pub(crate) struct Cut;

/// Set when a connection is to end in a reset instead of an orderly close.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reset(Arc<AtomicBool>);

impl Reset {
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A body that plays a script.
#[derive(Debug)]
pub(crate) struct Play {
    steps: VecDeque<Step>,
    /// The content-length promised, less what was written; `None` for streams.
    promised: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    reset: Reset,
    ticket: Ticket,
}

impl Play {
    pub(crate) fn new(
        steps: VecDeque<Step>,
        promised: Option<u64>,
        reset: Reset,
        mut ticket: Ticket,
    ) -> Self {
        if steps.is_empty() {
            ticket.end(Outcome::Answered);
        }
        Self {
            steps,
            promised,
            sleep: None,
            reset,
            ticket,
        }
    }

    fn wait(&mut self, time: Duration, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(time)))
            .as_mut()
            .poll(cx)
    }

    fn step_done(&mut self) {
        self.sleep = None;
        self.steps.pop_front();
        if self.steps.is_empty() {
            self.ticket.end(Outcome::Answered);
        }
    }
}

impl Body for Play {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        loop {
            match this.steps.front().cloned() {
                None => return Poll::Ready(None),
                Some(Step::Write(bytes)) => {
                    this.step_done();
                    this.promised = this.promised.map(|n| n.saturating_sub(bytes.len() as u64));
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Wait(time)) => match this.wait(time, cx) {
                    Poll::Ready(()) => this.step_done(),
                    Poll::Pending => return Poll::Pending,
                },
                Some(Step::Stall) => return Poll::Pending,
                Some(Step::Reset) => match this.wait(BEFORE_RESET, cx) {
                    Poll::Ready(()) => {
                        this.ticket.end(Outcome::Broken);
                        this.reset.ask();
                        return Poll::Ready(Some(Err(Cut)));
                    }
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.promised.map(SizeHint::with_exact).unwrap_or_default()
    }
}
