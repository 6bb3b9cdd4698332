//! An answer that passes as it comes.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame as BodyFrame, SizeHint};
use sluice_llm::flow::{Door, End};

use super::findings;
use super::flow::Flow;
use super::source::{Came, Source};
use super::step::{Close, Wait};
use crate::record::{Findings, Record};
use crate::rejection::{Rejected, Rejection};

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// An answer on its way to the client.
pub(crate) struct Passing {
    source: Source,
    door: Door,
    flow: Flow,
    record: Record,
    /// Whether it is a stream of events, so that an error can be told in it.
    is_stream: bool,
    /// Whether usage should be in it.
    counts: bool,
    /// How the upstream's part ended, while steps still hold something.
    ending: Option<Ending>,
    /// What is still to be sent when the upstream's part has ended.
    last: Option<Bytes>,
    trailers: Option<HeaderMap>,
    ended: bool,
}

/// How an upstream's part ends.
enum Ending {
    Complete,
    Broken(Rejected),
}

/// What an answer passes by: where its bytes come in, and what they are for the caller.
pub(super) struct Passage {
    pub(super) door: Door,
    pub(super) is_stream: bool,
    pub(super) counts: bool,
}

impl Passing {
    pub(super) fn new(source: Source, passage: Passage, flow: Flow, record: Record) -> Self {
        let is_empty = source.has_ended();
        let mut passing = Self {
            source,
            door: passage.door,
            flow,
            record,
            is_stream: passage.is_stream,
            counts: passage.counts,
            ending: None,
            last: None,
            trailers: None,
            ended: false,
        };
        // Nobody holds anything of an answer without a body.
        if is_empty {
            let _ = passing.upstream_ended(Ending::Complete);
        }
        passing
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.ended && self.last.is_none() && self.trailers.is_none()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        if self.is_stream {
            SizeHint::default()
        } else {
            self.source.size_hint()
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, BodyError>>> {
        loop {
            let data = self.flow.take();
            let data = if data.is_empty() {
                self.last.take()
            } else {
                Some(data)
            };
            if let Some(data) = data {
                return Poll::Ready(Some(Ok(BodyFrame::data(data))));
            }
            if self.ended {
                let trailers = self.trailers.take().map(BodyFrame::trailers);
                return Poll::Ready(trailers.map(Ok));
            }
            match self.flow.poll(cx) {
                Ok(Wait::No) => {
                    if let Some(ending) = self.ending.take() {
                        self.finish(ending)?;
                        continue;
                    }
                }
                Ok(Wait::Timer) => {}
                Ok(Wait::Word) => return Poll::Pending,
                Ok(Wait::Over) => {
                    self.source.touch();
                    self.stop_if_told()?;
                    continue;
                }
                Err(rejection) => {
                    self.refuse(&rejection)?;
                    continue;
                }
            }
            if self.ending.is_some() {
                return Poll::Pending;
            }
            match ready!(self.source.poll(cx)) {
                Came::Data(chunk) => self.push(chunk)?,
                Came::Ended(trailers) => {
                    self.trailers = trailers.filter(|_| !self.is_stream);
                    self.upstream_ended(Ending::Complete)?;
                }
                Came::Broken(rejection) => self.upstream_ended(Ending::Broken(rejection))?,
            }
        }
    }

    fn push(&mut self, chunk: Bytes) -> Result<(), BodyError> {
        let Self { door, flow, .. } = self;
        flow.source(&chunk);
        let mut failed = None;
        door.push(chunk, &mut |frame| flow.frame(frame, &mut failed));
        let passed = failed.map_or(Ok(()), Err);
        if let Err(rejection) = passed.and_then(|()| flow.flush(door.held())) {
            return self.refuse(&rejection);
        }
        if self.source.has_ended() {
            self.upstream_ended(Ending::Complete)
        } else {
            self.stop_if_told()
        }
    }

    /// An upstream's part has ended; what steps hold comes before the answer does.
    fn upstream_ended(&mut self, ending: Ending) -> Result<(), BodyError> {
        if self.ending.is_some() {
            return Ok(());
        }
        // Where the format has said that the answer is complete, how the connection ends is no matter.
        let ending = match ending {
            Ending::Broken(_) if self.flow.end() == Some(End::Complete) => Ending::Complete,
            ending => ending,
        };
        let mut failed = None;
        let close = match &ending {
            Ending::Complete => {
                self.source.give_back_if_ended();
                if let Some(frame) = self.door.close() {
                    self.flow.frame(frame, &mut failed);
                }
                Close::Complete
            }
            Ending::Broken(_) => {
                self.source.abandon();
                Close::Cut
            }
        };
        let closed = failed.map_or(Ok(()), Err);
        match closed.and_then(|()| self.flow.close(close)) {
            // Whoever takes the last bytes may not ask for more.
            Ok(()) if self.flow.is_closed() => self.finish(ending),
            Ok(()) => {
                self.ending = Some(ending);
                Ok(())
            }
            Err(rejection) => self.refuse(&rejection),
        }
    }

    /// The caller has been told that the answer failed; what else the provider says is of no use.
    fn stop_if_told(&mut self) -> Result<(), BodyError> {
        if self.ending.is_some() || self.flow.failure().is_none() {
            return Ok(());
        }
        self.source.abandon();
        match self.flow.close_behind_reader() {
            Ok(()) if self.flow.is_closed() => self.finish(Ending::Complete),
            Ok(()) => {
                self.ending = Some(Ending::Complete);
                Ok(())
            }
            Err(rejection) => self.refuse(&rejection),
        }
    }

    /// Nothing is held any more: the answer ends as the upstream's part did.
    fn finish(&mut self, ending: Ending) -> Result<(), BodyError> {
        match ending {
            Ending::Complete => {
                self.complete();
                Ok(())
            }
            Ending::Broken(rejection) => self.break_off(&rejection),
        }
    }

    /// The upstream's part is complete as HTTP sees it; whether the answer is, the format tells.
    fn complete(&mut self) {
        let (found, untold) = findings::complete(&self.flow, self.counts);
        self.last = untold.map(|rejection| self.event(&rejection, true));
        self.end(found);
    }

    /// The upstream's part ended in the middle. A stream says so in the client's format, without its format's word for a clean
    /// end; any other answer is broken off, so that nobody takes it for whole.
    fn break_off(&mut self, rejection: &Rejection) -> Result<(), BodyError> {
        let mut found = findings::failed(&self.flow, rejection);
        found.truncated = self.is_stream;
        self.end(found);
        self.tell(rejection, true)
    }

    /// Nothing more may pass, and the client is told in its format.
    fn refuse(&mut self, rejection: &Rejection) -> Result<(), BodyError> {
        self.source.abandon();
        self.ending = None;
        self.end(findings::failed(&self.flow, rejection));
        self.tell(rejection, false)
    }

    fn tell(&mut self, rejection: &Rejection, is_cut: bool) -> Result<(), BodyError> {
        if !self.is_stream {
            return Err(rejection.public.to_string().into());
        }
        self.last = Some(self.event(rejection, is_cut));
        Ok(())
    }

    /// A blank line ends what the client may have of an event that was cut.
    fn event(&self, rejection: &Rejection, is_cut: bool) -> Bytes {
        let event = rejection.event(self.record.format(), self.record.id_str());
        let before: &[u8] = if is_cut { b"\n\n" } else { b"" };
        [before, &event].concat().into()
    }

    fn end(&mut self, findings: Findings) {
        self.ended = true;
        self.record.found(findings);
        self.record.end();
    }
}

impl Drop for Passing {
    /// A body may be dropped before its end was asked for: because all of it has passed, or because the client has gone.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if self.source.has_passed() || self.flow.end() == Some(End::Complete) {
            // Of a connection that may still be in use, nothing is given back.
            self.source.give_back_if_ended();
            let _ = self.flow.close(Close::Complete);
            self.complete();
        } else {
            self.record.found(findings::so_far(&self.flow));
        }
    }
}
