//! Answers that come as streams, held in segments until those who are asked have answered. While they are asked nothing more is read
//! from the provider, and nobody else waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use sluice_policy::guard::ask::{Segments, Text, TooLong};
use sluice_policy::guard::{Direction, Hits};
use sluice_vocab::ErrorCode;
use tokio::time::{Instant, Sleep};

use super::ask::{Inquiry, ask};
use crate::gateway::Shared;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::send::Guarded;

/// A segment is asked about so long after its first text.
const WAIT: Duration = Duration::from_secs(1);

/// What came of asking.
struct Said {
    result: Result<(), Rejected>,
    texts: Vec<Text>,
    hits: Hits,
}

/// A stream that leaves in segments.
pub(crate) struct Held {
    segments: Segments,
    inquiry: Arc<Inquiry>,
    shared: Arc<Shared>,
    /// Set from a segment's first text on.
    timer: Option<Pin<Box<Sleep>>>,
    asking: Option<Pin<Box<dyn Future<Output = Said> + Send>>>,
    state: State,
    /// What was found so far.
    pub(crate) hits: Hits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing more will come.
    Ended,
    /// And nothing is held any more.
    Done,
}

impl Held {
    /// `stream` says how it is written.
    pub(crate) fn new(inquiry: Arc<Inquiry>, stream: Guarded, shared: Arc<Shared>) -> Self {
        let judges = inquiry.askers.iter().map(|asker| &asker.judge);
        let segments = Segments::new(stream.format, stream.operation, judges);
        let (timer, asking, hits) = (None, None, Hits::default());
        Self {
            segments,
            inquiry,
            shared,
            timer,
            asking,
            state: State::Open,
            hits,
        }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Result<(), Rejected> {
        if chunk.is_empty() {
            Ok(())
        } else {
            self.segments.push(chunk).map_err(too_long)
        }
    }

    /// The stream has ended.
    pub(crate) fn finish(&mut self) -> Result<(), Rejected> {
        self.state = State::Ended;
        self.segments.finish().map_err(too_long)
    }

    /// Whether somebody is being asked, so that nothing more has to be read.
    pub(crate) fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// Whether all that came has left, and nothing more will come.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Ready with what may pass.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Rejected>> {
        if self.asking.is_none() && self.segments.has_text() {
            let fired = || Box::pin(tokio::time::sleep_until(Instant::now() + WAIT));
            let timer = self.timer.get_or_insert_with(fired);
            if self.state == State::Open && !self.segments.is_due() {
                ready!(timer.as_mut().poll(cx));
            }
            self.asking = Some(self.ask());
        }
        let texts = match &mut self.asking {
            Some(asking) => {
                let Said {
                    result,
                    texts,
                    hits,
                } = ready!(asking.as_mut().poll(cx));
                (self.asking, self.timer) = (None, None);
                hits.iter()
                    .for_each(|hit| self.hits.add(&hit.rule, hit.outcome));
                result?;
                texts
            }
            // What has no text has nobody to wait for.
            None if self.segments.is_held() || self.state == State::Ended => Vec::new(),
            None => return Poll::Pending,
        };
        let last = self.state == State::Ended;
        let out = self.segments.release(texts, last).map_err(too_long)?;
        if last {
            self.state = State::Done;
        }
        Poll::Ready(Ok(out))
    }

    fn ask(&self) -> Pin<Box<dyn Future<Output = Said> + Send>> {
        let (inquiry, shared) = (self.inquiry.clone(), self.shared.clone());
        let mut texts = self.segments.texts();
        Box::pin(async move {
            let mut hits = Hits::default();
            let Inquiry { askers, about } = &*inquiry;
            let result = ask(
                &shared,
                askers,
                about,
                Direction::Response,
                &mut texts,
                &mut hits,
            )
            .await;
            Said {
                result,
                texts,
                hits,
            }
        })
    }
}

fn too_long(_: TooLong) -> Rejected {
    let text = "the provider sent an event that is too long to be looked at";
    Rejection::new(Stage::Guard, ErrorCode::UpstreamTooLong, text)
}
