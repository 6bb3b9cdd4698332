//! Passes an answer on, and reads on the way what the record wants to know.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use sluice_llm::json::Object;
use sluice_llm::sse::EventTooLong;
use sluice_llm::stream::{self, End};
use sluice_llm::translate::Translator;
use sluice_llm::usage::{self, Tally, Usage};
use sluice_llm::{Format, Operation};
use sluice_policy::guard::Guards;
use sluice_vocab::ErrorType;
use tokio::time::{Instant, Sleep};

use super::guard::{self, StreamGuard};
use super::send::{Reading, Reply, too_slow};
use crate::client::Lease;
use crate::record::{REQUEST_ID, Record};
use crate::rejection::{Rejected, Rejection, Stage};

/// Of an answer that is no stream, so much is kept for reading its usage. Longer ones are passed on unread.
const KEEP: usize = 4 << 20;

/// An answer on its way to the client.
pub(crate) struct Relay {
    incoming: Option<Incoming>,
    lease: Option<Lease>,
    record: Record,
    /// Sees the provider's bytes first.
    guard: Option<Box<StreamGuard>>,
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

/// What is read of the bytes that pass.
enum Reader {
    Nothing,
    Stream(Box<stream::Relay>),
    Translate(Box<Translator>),
    Whole { format: Format, operation: Operation, kept: Vec<Bytes>, len: usize },
}

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Begins an answer.
pub(crate) fn relay(reply: Reply, mut record: Record) -> Response<Box<Relay>> {
    let Reply { response, lease, reading, timeout, deadline, guards } = reply;
    let (mut parts, incoming) = response.into_parts();
    let is_provider = reading.is_some();
    let is_stream = is_event_stream(&parts.headers);
    record.status = parts.status;
    record.streaming |= is_stream && reading.is_some();
    let (guards, watch) = if is_stream { (guards, None) } else { (None, guards) };
    let guard =
        guards.zip(reading.as_ref()).map(|(guards, reading)| Box::new(StreamGuard::new(guards, reading)));
    let reader = reader(reading, parts.status, is_stream, &parts.headers);
    if matches!(&reader, Reader::Stream(_) | Reader::Translate(_)) {
        // An event may be taken out or added, so the length is not known.
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        if matches!(&reader, Reader::Translate(_)) {
            parts
                .headers
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
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

pub(crate) fn is_event_stream(headers: &http::HeaderMap) -> bool {
    // AWS has its own kind.
    let kinds = [&b"text/event-stream"[..], b"application/vnd.amazon.eventstream"];
    headers.get(header::CONTENT_TYPE).is_some_and(|v| kinds.iter().any(|kind| v.as_bytes().starts_with(kind)))
}

fn reader(
    reading: Option<Reading>,
    status: StatusCode,
    is_stream: bool,
    headers: &http::HeaderMap,
) -> Reader {
    // An answer that is compressed although we asked for none is passed on unread.
    let encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|e| e.as_bytes() != b"identity");
    match reading {
        Some(_) if encoded => Reader::Nothing,
        Some(Reading { crossing: Some(crossing), .. }) => {
            let crossing = *crossing;
            Reader::Translate(Box::new(Translator::new(crossing.provider, crossing.client, crossing.context)))
        }
        Some(r) if is_stream => {
            Reader::Stream(Box::new(stream::Relay::new(r.format, r.operation, r.strip_usage)))
        }
        Some(r) if status.is_success() && r.operation.has_json_body() => {
            Reader::Whole { format: r.format, operation: r.operation, kept: Vec::new(), len: 0 }
        }
        _ => Reader::Nothing,
    }
}

/// What a provider says of its own name does not hold for ours.
pub(crate) fn clean(headers: &mut http::HeaderMap, record: &Record, crossed: bool) {
    headers.remove(header::STRICT_TRANSPORT_SECURITY);
    headers.remove("alt-svc");
    set_ids(headers, record, crossed);
}

/// Our id under the usual name, the upstream's under another; Anthropic's clients look for `request-id`.
/// Where the formats differ, Anthropic's name of its own id would be taken for ours.
pub(crate) fn set_ids(headers: &mut http::HeaderMap, record: &Record, crossed: bool) {
    let other = if crossed {
        headers.remove("request-id").or(headers.get("x-amzn-requestid").cloned())
    } else {
        None
    };
    if let Some(theirs) =
        headers.insert(REQUEST_ID, record.id.clone()).filter(|id| *id != record.id).or(other)
    {
        headers.insert("x-upstream-request-id", theirs);
    }
    if record.format == Some(Format::Anthropic) {
        headers.entry("request-id").or_insert_with(|| record.id.clone());
    }
}

impl Drop for Relay {
    /// A body may be dropped before its end was asked for: because all of it has passed, or because the client has gone.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let has_passed =
            self.incoming.as_ref().is_some_and(|i| i.is_end_stream() || i.size_hint().exact() == Some(0));
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

impl Reader {
    /// How a stream stands.
    fn end(&self) -> Option<End> {
        match self {
            Reader::Stream(relay) => Some(relay.end()),
            Reader::Translate(translator) => Some(translator.end()),
            Reader::Nothing | Reader::Whole { .. } => None,
        }
    }

    /// What a stream has used so far.
    fn usage(&self) -> Option<Usage> {
        match self {
            Reader::Stream(relay) => Some(relay.usage()),
            Reader::Translate(translator) => Some(translator.usage()),
            Reader::Nothing | Reader::Whole { .. } => None,
        }
    }

    /// What passes at the end, of bytes that were held back until then.
    fn pass(&mut self, data: Bytes) -> Bytes {
        match self {
            Reader::Stream(relay) => relay.push(data.clone()).unwrap_or(data),
            Reader::Translate(translator) => translator.push(data),
            Reader::Nothing | Reader::Whole { .. } => data,
        }
    }
}

impl Relay {
    fn note_hits(&mut self) {
        if let Some(guard) = &mut self.guard {
            self.record.hits.response = std::mem::take(&mut guard.hits);
        }
    }

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
            let Some(incoming) = self.incoming.as_mut().filter(|_| !self.ended) else {
                return Poll::Ready(None);
            };
            let frame = match Pin::new(incoming).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.poll_patience(cx));
                    let rejection = too_slow(self.pause.map_or(Duration::ZERO, |(pause, _)| pause));
                    self.break_off(&rejection)?;
                    continue;
                }
            };
            match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Some((_, last)) = &mut self.pause {
                            *last = Instant::now();
                        }
                        let data = self.observe(data)?;
                        if self.incoming.as_ref().is_some_and(Incoming::is_end_stream) {
                            self.complete();
                        } else if matches!(&self.reader, Reader::Translate(t) if t.end() == End::Failed) {
                            // The caller has been told; what else the provider says is of no use.
                            self.lease = None;
                            self.complete();
                        }
                        if !data.is_empty() {
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                    }
                    Err(trailers) => {
                        // They come last, and hyper asks for nothing after them.
                        self.complete();
                        if self.last.is_none() {
                            return Poll::Ready(Some(Ok(trailers)));
                        }
                    }
                },
                Some(Err(error)) => self.break_off(&broken(&error))?,
                None => self.complete(),
            }
        }
    }

    /// Ready when there is no more patience. A timer that fires early, because something came since it was set, is set anew.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let Some((pause, last)) = self.pause else { return Poll::Ready(()) };
            let until = last + pause;
            if until <= Instant::now() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(until);
        }
    }

    fn observe(&mut self, data: Bytes) -> Result<Bytes, BodyError> {
        let data = match self.guard.as_mut().map(|guard| guard.push(data.clone())) {
            None => data,
            Some(Ok(data)) => data,
            Some(Err(rejection)) => {
                self.refuse(&rejection);
                return Ok(Bytes::new());
            }
        };
        match &mut self.reader {
            Reader::Nothing => Ok(data),
            Reader::Stream(relay) => match relay.push(data.clone()) {
                Ok(data) => Ok(data),
                // Too long to be understood. Nothing of the stream is understood from here on, and all of it passes.
                Err(EventTooLong) => {
                    let held = relay.give_up();
                    self.record.usage = relay.usage();
                    self.reader = Reader::Nothing;
                    Ok(held.unwrap_or(data))
                }
            },
            Reader::Translate(translator) => Ok(translator.push(data)),
            Reader::Whole { kept, len, .. } => {
                *len += data.len();
                if *len <= KEEP {
                    kept.push(data.clone());
                } else {
                    kept.clear();
                }
                Ok(data)
            }
        }
    }

    /// A guard refused what comes: nothing more of it passes, and the client is told in its format.
    fn refuse(&mut self, rejection: &Rejection) {
        self.incoming = None;
        self.lease = None;
        if let Some(usage) = self.reader.usage() {
            self.record.usage = usage;
        }
        self.record.error = Some((rejection.kind, rejection.log_text()));
        self.reader = Reader::Nothing;
        self.last = Some(rejection.event(self.record.format(), self.record.id_str()));
        self.end();
    }

    /// The upstream's part is complete as HTTP sees it; whether the answer is, the format tells.
    fn complete(&mut self) {
        self.incoming = None;
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
        // What the guards still hold comes before what the reader does.
        let mut released = Bytes::new();
        if let Some(guard) = &mut self.guard {
            match guard.finish().map(|data| self.reader.pass(data)) {
                Ok(data) => released = data,
                Err(rejection) => return self.refuse(&rejection),
            }
        }
        let shared = self.record.shared().clone();
        let metrics = &shared.metrics;
        match std::mem::replace(&mut self.reader, Reader::Nothing) {
            Reader::Nothing => {}
            Reader::Stream(mut relay) => {
                let held = relay.finish();
                self.record.usage = relay.usage();
                let status_ok = self.record.status.is_success();
                match relay.end() {
                    End::Complete if !self.record.usage.is_known() => {
                        metrics.usage_missing.inc();
                    }
                    End::Open if status_ok => {
                        metrics.truncated.inc();
                        let rejection = truncated();
                        let event = rejection.event(self.record.format(), self.record.id_str());
                        self.record.error = Some((rejection.kind, rejection.public.to_string()));
                        self.last = Some([held.as_ref(), b"\n\n", &event].concat().into());
                    }
                    End::Failed => {
                        self.record.error = Some((
                            ErrorType::ServerError,
                            "the provider reported an error within the stream".into(),
                        ))
                    }
                    End::Complete | End::Open => {}
                }
                if self.last.is_none() && !held.is_empty() {
                    self.last = Some(held);
                }
            }
            Reader::Translate(mut translator) => {
                let rest = translator.finish();
                self.record.usage = translator.usage();
                if let Some(failure) = translator.failure() {
                    metrics.truncated.inc_by(u64::from(failure.kind == ErrorType::Network));
                    self.record.error =
                        Some((failure.kind, format!("within the stream: {}", failure.message)));
                } else if !self.record.usage.is_known() {
                    metrics.usage_missing.inc();
                }
                if !rest.is_empty() {
                    self.last = Some(rest);
                }
            }
            Reader::Whole { format, operation, kept, .. } => {
                let whole: Bytes = if kept.len() == 1 { kept[0].clone() } else { kept.concat().into() };
                if let Some(guards) = self.watch.take() {
                    let _ = guard::masked(&guards, whole.clone(), self.record.status, &mut self.record);
                }
                let mut tally = Tally::default();
                if let Ok(object) = Object::scan(whole)
                    && let Ok(Some(usage)) = object.get(usage::field(format))
                {
                    tally.update(usage);
                }
                self.record.usage = tally.usage(format);
                if !self.record.usage.is_known() && operation.streams() {
                    metrics.usage_missing.inc();
                }
            }
        }
        if !released.is_empty() {
            let last = self.last.take().unwrap_or_default();
            self.last = Some([released, last].concat().into());
        }
        self.end();
    }

    /// The upstream's part ended in the middle. A stream says so in the client's format, without its format's word for a clean
    /// end; any other answer is broken off, so that nobody takes it for whole.
    fn break_off(&mut self, rejection: &Rejection) -> Result<(), BodyError> {
        // The format has said that the answer is complete; how the connection ends is no matter then.
        if self.reader.end() == Some(End::Complete) {
            self.lease = None;
            self.complete();
            return Ok(());
        }
        self.incoming = None;
        self.lease = None;
        self.record.error = Some((rejection.kind, format!("{}: {}", rejection.public, rejection.detail)));
        let event = self.reader.usage().map(|usage| {
            self.record.usage = usage;
            self.record.shared().metrics.truncated.inc();
            rejection.event(self.record.format(), self.record.id_str())
        });
        self.reader = Reader::Nothing;
        self.end();
        match event {
            Some(event) => {
                // What was held of a cut event is not passed on; a blank line ends what the client may have of it.
                self.last = Some([b"\n\n".as_slice(), &event].concat().into());
                Ok(())
            }
            None => Err(rejection.public.to_string().into()),
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.note_hits();
        self.record.end();
    }
}

pub(crate) fn broken(error: &hyper::Error) -> Rejected {
    Rejection::new(
        Stage::Relay,
        ErrorType::Network,
        StatusCode::BAD_GATEWAY,
        "the connection to the upstream broke within the answer",
    )
    .detail(error.to_string())
    .code("upstream_cut")
}

fn truncated() -> Rejected {
    let text = "the provider ended the stream before the answer was complete";
    Rejection::new(Stage::Relay, ErrorType::Network, StatusCode::BAD_GATEWAY, text).code("upstream_truncated")
}
