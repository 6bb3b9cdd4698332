//! Where an answer comes from: its connection, and how long one waits for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::budget::Share;
use crate::client::Lease;
use crate::gather::{GatherError, Limits, gather};
use crate::rejection::{Rejected, Rejection};

/// An upstream's part of an answer.
pub(super) struct Source {
    /// `None` when nothing more is wanted of it.
    incoming: Option<Incoming>,
    lease: Option<Lease>,
    /// Fires at the deadline, or when a stream paused for too long.
    timer: Pin<Box<Sleep>>,
    /// Set for streams: how long a pause may be, and when something came last.
    pause: Option<(Duration, Instant)>,
    /// Its end has been seen.
    over: bool,
}

/// What came.
pub(super) enum Came {
    Data(Bytes),
    /// All of it has come, with what was said behind it.
    Ended(Option<HeaderMap>),
    Broken(Rejected),
}

impl Source {
    /// `pause` is how long a stream may say nothing.
    pub(super) fn new(
        incoming: Incoming,
        lease: Lease,
        deadline: Instant,
        pause: Option<Duration>,
    ) -> Self {
        Self {
            incoming: Some(incoming),
            lease: Some(lease),
            timer: Box::pin(tokio::time::sleep_until(deadline)),
            pause: pause.map(|pause| (pause, Instant::now())),
            over: false,
        }
    }

    /// Must not be asked again after an end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Came> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(Came::Ended(None));
        };
        let frame = match Pin::new(incoming).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                ready!(self.poll_patience(cx));
                let pause = self.pause.map_or(Duration::ZERO, |(pause, _)| pause);
                return Poll::Ready(Came::Broken(Rejection::upstream_timeout(pause)));
            }
        };
        self.touch();
        Poll::Ready(match frame {
            None => {
                self.over = true;
                Came::Ended(None)
            }
            Some(Err(error)) => Came::Broken(Rejection::upstream_cut(&error)),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Came::Data(data),
                // They come last, and hyper asks for nothing after them.
                Err(frame) => {
                    self.over = true;
                    Came::Ended(frame.into_trailers().ok())
                }
            },
        })
    }

    /// That nothing was read meanwhile is not the upstream's fault.
    pub(super) fn touch(&mut self) {
        if let Some((_, last)) = &mut self.pause {
            *last = Instant::now();
        }
    }

    /// Reads it to its end.
    pub(super) async fn gather(
        &mut self,
        limits: Limits,
        share: &mut Share,
    ) -> Result<Bytes, GatherError> {
        let Some(incoming) = &mut self.incoming else {
            return Ok(Bytes::new());
        };
        let body = gather(incoming, limits, share).await?;
        self.over = true;
        Ok(body)
    }

    /// Whether all that the upstream sends has come.
    pub(super) fn has_ended(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    /// Whether all of it has come, although its end may not have been asked for.
    pub(super) fn has_passed(&self) -> bool {
        let incoming = self.incoming.as_ref();
        self.over || incoming.is_some_and(|i| i.is_end_stream() || i.size_hint().exact() == Some(0))
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(SizeHint::default, Incoming::size_hint)
    }

    /// Others may have the connection, if the answer was read to its end. Else it is closed.
    pub(super) fn give_back_if_ended(&mut self) {
        let is_free = self.has_passed();
        self.incoming = None;
        if let Some(lease) = self.lease.take().filter(|_| is_free) {
            lease.give_back();
        }
    }

    /// What else comes is of no use, so that the connection is closed.
    pub(super) fn abandon(&mut self) {
        self.incoming = None;
        self.lease = None;
    }

    /// Ready when there is no more patience. A timer that fires early, because something came since it was set, is set anew.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let Some((pause, last)) = self.pause else {
                return Poll::Ready(());
            };
            let until = last + pause;
            if until <= Instant::now() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(until);
        }
    }
}
