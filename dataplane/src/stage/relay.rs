//! Passes an answer on, and reads on the way what the record wants to know.

mod end;
mod head;
mod reader;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use sluice_llm::stream::End;
use sluice_policy::guard::Guards;
use sluice_vocab::ErrorCode;
use tokio::time::{Instant, Sleep};

use end::Ending;
pub(crate) use head::{clean, is_event_stream, set_ids};
use reader::Reader;

use super::guard::{Held, Looks, StreamGuard};
use super::send::{Reply, too_slow};
use crate::client::Lease;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};

/// An answer on its way to the client.
pub(crate) struct Relay {
    incoming: Option<Incoming>,
    lease: Option<Lease>,
    record: Record,
    /// Sees the provider's bytes first, unless nobody but the reader can read them.
    guard: Option<Box<StreamGuard>>,
    /// Holds what the guards let pass of a stream, until those who are asked have answered.
    held: Option<Box<Held>>,
    /// How the upstream's part ended, while something is held.
    ending: Option<Ending>,
    /// Whether guards see what the reader made of the provider's bytes, and not those.
    translated: bool,
    /// Look at an answer that is no stream when it has passed.
    watch: Option<Arc<Guards>>,
    reader: Reader,
    /// Fires at the deadline, or when a stream paused for too long.
    timer: Pin<Box<Sleep>>,
    /// Set for streams: how long a pause may be, and when something came last.
    pause: Option<(Duration, Instant)>,
    /// What is still to be sent when the upstream's part has ended.
    last: Option<Bytes>,
    ended: bool,
}

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Begins an answer.
pub(crate) fn relay(reply: Reply, mut record: Record) -> Response<Box<Relay>> {
    let Reply {
        response,
        lease,
        reading,
        timeout,
        deadline,
        looks,
    } = reply;
    let (mut parts, incoming) = response.into_parts();
    let is_provider = reading.is_some();
    let is_stream = is_event_stream(&parts.headers);
    record.status = parts.status;
    record.streaming |= is_stream && reading.is_some();
    let (mut guard, mut held, mut watch, mut translated) = (None, None, None, false);
    match (looks, reading.as_ref()) {
        (Some(looks), Some(reading)) if is_stream => {
            let (Looks { guards, inquiry }, stream) = (looks, reading.guarded());
            translated = stream.translated;
            guard = (!guards.is_empty()).then(|| Box::new(StreamGuard::new(guards, stream)));
            let shared = record.shared().clone();
            held = inquiry.map(|inquiry| Box::new(Held::new(inquiry, stream, shared)));
        }
        (looks, _) => watch = looks.map(|looks| looks.guards),
    }
    let reader = Reader::new(reading, parts.status, is_stream, &parts.headers);
    if matches!(&reader, Reader::Stream(_) | Reader::Translate(_)) {
        // An event may be taken out or added, so the length is not known.
        parts.headers.remove(header::CONTENT_LENGTH);
        parts
            .headers
            .insert("x-accel-buffering", HeaderValue::from_static("no"));
        if matches!(&reader, Reader::Translate(_)) {
            parts.headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/event-stream; charset=utf-8"),
            );
        }
    }
    let crossed = matches!(&reader, Reader::Translate(_));
    if is_provider {
        clean(&mut parts.headers, &record, crossed);
    } else {
        set_ids(&mut parts.headers, &record, crossed);
    }
    let is_empty = incoming.is_end_stream();
    let pause = is_stream.then(|| (timeout, Instant::now()));
    let timer = Box::pin(tokio::time::sleep_until(deadline));
    let mut relay = Box::new(Relay {
        incoming: Some(incoming),
        lease: Some(lease),
        record,
        guard,
        held,
        ending: None,
        translated,
        watch,
        reader,
        timer,
        pause,
        last: None,
        ended: false,
    });
    if is_empty {
        relay.complete();
    }
    Response::from_parts(parts, relay)
}

impl Drop for Relay {
    /// A body may be dropped before its end was asked for: because all of it has passed, or because the client has gone.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let has_passed = self
            .incoming
            .as_ref()
            .is_some_and(|i| i.is_end_stream() || i.size_hint().exact() == Some(0));
        let is_complete = self.reader.end() == Some(End::Complete);
        if has_passed || is_complete {
            // Of a connection that may still be in use, nothing is given back.
            if !has_passed {
                self.lease = None;
            }
            self.complete();
        } else if let Some(usage) = self.reader.usage() {
            self.record.usage = usage;
        }
        self.note_hits();
    }
}

impl Relay {
    pub(crate) fn is_end_stream(&self) -> bool {
        self.ended && self.last.is_none()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match (&self.reader, &self.incoming) {
            (Reader::Stream(_) | Reader::Translate(_), _) | (_, None) => SizeHint::default(),
            (_, Some(incoming)) => incoming.size_hint(),
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if let Some(last) = self.last.take() {
                return Poll::Ready(Some(Ok(Frame::data(last))));
            }
            if let Some(data) = ready!(self.poll_held(cx)?) {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            let Some(incoming) = self.incoming.as_mut().filter(|_| !self.ended) else {
                return Poll::Ready(None);
            };
            let frame = match Pin::new(incoming).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.poll_patience(cx));
                    let rejection = too_slow(self.pause.map_or(Duration::ZERO, |(pause, _)| pause));
                    self.upstream_ended(Ending::Broken(rejection))?;
                    continue;
                }
            };
            match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Some((_, last)) = &mut self.pause {
                            *last = Instant::now();
                        }
                        let data = self.observe(data);
                        if self.incoming.as_ref().is_some_and(Incoming::is_end_stream) {
                            self.upstream_ended(Ending::Complete)?;
                        } else {
                            self.end_if_failed()?;
                        }
                        if !data.is_empty() {
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                    }
                    Err(trailers) => {
                        // They come last, and hyper asks for nothing after them.
                        self.upstream_ended(Ending::Complete)?;
                        if self.last.is_none() && self.held.is_none() {
                            return Poll::Ready(Some(Ok(trailers)));
                        }
                    }
                },
                Some(Err(error)) => self.upstream_ended(Ending::Broken(broken(&error)))?,
                None => self.upstream_ended(Ending::Complete)?,
            }
        }
    }

    /// Ready with what those who were asked let pass; with nothing when more has to be read, and pending while they are asked.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        while let Some(held) = &mut self.held {
            let released = match held.poll(cx) {
                Poll::Pending if held.is_asking() => return Poll::Pending,
                Poll::Pending => break,
                Poll::Ready(released) => released,
            };
            let is_done = held.is_done();
            // Nothing was read in the meantime, which is not the provider's fault.
            if let Some((_, last)) = &mut self.pause {
                *last = Instant::now();
            }
            let data = match released {
                Ok(data) if self.translated => data,
                Ok(data) => self.reader.push(data, &mut self.record),
                Err(rejection) => {
                    self.refuse(&rejection);
                    break;
                }
            };
            match self.ending.take_if(|_| is_done) {
                Some(ending) => self.finish(ending)?,
                None => self.end_if_failed()?,
            }
            if !data.is_empty() {
                return Poll::Ready(Ok(Some(data)));
            }
        }
        // What an end has left behind comes first.
        Poll::Ready(Ok(self.last.take()))
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

    fn observe(&mut self, data: Bytes) -> Bytes {
        let data = if self.translated {
            self.reader.push(data, &mut self.record)
        } else {
            data
        };
        let looked_at = match &mut self.guard {
            None => Ok(data),
            Some(guard) => guard.push(data),
        };
        let passed = looked_at.and_then(|data| match &mut self.held {
            None => Ok(data),
            Some(held) => held.push(data).map(|()| Bytes::new()),
        });
        match passed {
            Ok(data) if self.translated => data,
            Ok(data) if self.held.is_none() => self.reader.push(data, &mut self.record),
            Ok(_) => Bytes::new(),
            Err(rejection) => {
                self.refuse(&rejection);
                Bytes::new()
            }
        }
    }
}

pub(crate) fn broken(error: &hyper::Error) -> Rejected {
    Rejection::new(
        Stage::Relay,
        ErrorCode::UpstreamCut,
        "the connection to the upstream broke within the answer",
    )
    .detail(error.to_string())
}
