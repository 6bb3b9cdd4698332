//! What goes to a client, without boxing.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::answer::{BodyError, Passing};

/// An answer's body.
pub(crate) enum Body {
    /// Nothing, or all at once.
    Full(Option<Bytes>),
    /// An upstream's answer.
    Passing(Box<Passing>),
}

impl Body {
    pub(crate) fn full(bytes: Bytes) -> Self {
        Body::Full(if bytes.is_empty() { None } else { Some(bytes) })
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
            Body::Passing(passing) => passing.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Full(bytes) => bytes.is_none(),
            Body::Passing(passing) => passing.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Body::Passing(passing) => passing.size_hint(),
        }
    }
}
