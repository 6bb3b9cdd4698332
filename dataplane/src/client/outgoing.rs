//! What goes to an upstream, without boxing.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use sluice_llm::json::Segments;

/// A request's body.
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
