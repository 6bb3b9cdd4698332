//! Bodies on both sides, without boxing.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use sluice_llm::json::Segments;

use crate::stage::relay::Relay;

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// What goes to a client.
pub(crate) enum Body {
    /// Nothing, or all at once.
    Full(Option<Bytes>),
    /// An upstream's answer.
    Relay(Box<Relay>),
}

impl Body {
    pub(crate) fn full(bytes: Bytes) -> Self {
        Body::Full(if bytes.is_empty() { None } else { Some(bytes) })
    }

    pub(crate) const fn empty() -> Self {
        Body::Full(None)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Body::Full(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Body::Relay(relay) => relay.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Full(bytes) => bytes.is_none(),
            Body::Relay(relay) => relay.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Body::Relay(relay) => relay.size_hint(),
        }
    }
}

/// What goes to an upstream.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// A body that was read, in pieces; can be sent again.
    Read(Segments),
    /// A client's body as it comes.
    Stream(Incoming),
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Outgoing::Read(segments) => Poll::Ready(segments.pop().map(|b| Ok(Frame::data(b)))),
            Outgoing::Stream(incoming) => Pin::new(incoming).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Read(segments) => segments.is_empty(),
            Outgoing::Stream(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Read(segments) => SizeHint::with_exact(segments.len() as u64),
            Outgoing::Stream(incoming) => incoming.size_hint(),
        }
    }
}
