//! Reads a body, within the process' budget.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use sluice_llm::encoding::{self, DecodeError};
use sluice_vocab::ErrorCode;

use crate::budget::Share;
use crate::gateway::Shared;
use crate::rejection::{Rejected, Rejection, Stage};

/// A body that says to be no longer than this gets its memory at once; a longer one as it comes, since many never do.
const AT_ONCE: usize = 512 << 10;

/// So much of a body that nobody wants is still taken, so that its client gets to read why.
const LINGER_BYTES: usize = 128 << 20;
/// And for so long.
const LINGER: Duration = Duration::from_secs(10);

/// A request's body. One that is dropped before its end is still taken off the wire for a while: closing the connection on a
/// client that is sending makes most of them report a broken pipe instead of the refusal.
pub(crate) struct Unread(Option<Incoming>);

impl Unread {
    pub(crate) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }

    /// The body itself, for whoever reads it to its end.
    pub(crate) fn take(mut self) -> Option<Incoming> {
        self.0.take()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let Some(mut body) = self.0.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        tokio::spawn(tokio::time::timeout(LINGER, async move {
            let mut taken = 0;
            while let Some(Ok(frame)) = body.frame().await {
                taken += frame.data_ref().map_or(0, Bytes::len);
                if taken > LINGER_BYTES {
                    return;
                }
            }
        }));
    }
}

/// The whole body, decoded, and the memory that it was granted.
pub(crate) async fn read(
    shared: &Shared,
    headers: &mut HeaderMap,
    unread: Unread,
) -> Result<(Bytes, Share), Rejected> {
    let receiving = tokio::time::timeout(shared.settings.body_time, receive(shared, unread));
    let (bytes, mut share) = receiving
        .await
        .map_err(|_| too_slow(shared.settings.body_time))??;
    let coded = headers
        .remove(header::CONTENT_ENCODING)
        .filter(|e| e.as_bytes() != b"identity");
    let Some(coding) = coded else {
        return Ok((bytes, share));
    };
    let limit = shared.settings.body_limit;
    let held = share.bytes();
    let decoded = encoding::decode(coding.as_bytes(), &bytes, limit, &mut |more| {
        share.try_grow_to(held + more)
    })
    .map_err(|e| undecoded(e, &coding, limit))?;
    Ok((decoded, share))
}

fn undecoded(error: DecodeError, coding: &HeaderValue, limit: usize) -> Rejected {
    match error {
        DecodeError::TooLarge => too_large(limit),
        DecodeError::NoMemory => no_memory(),
        DecodeError::Malformed => Rejection::new(
            Stage::Read,
            ErrorCode::InvalidEncoding,
            format!("the body is not valid for its content-encoding {coding:?}"),
        ),
        DecodeError::Unsupported => {
            let text = format!(
                "content-encoding {coding:?} is not supported: send gzip, deflate, br or none"
            );
            Rejection::new(Stage::Read, ErrorCode::UnsupportedEncoding, text)
        }
    }
}

/// The body as it was sent.
async fn receive(shared: &Shared, mut unread: Unread) -> Result<(Bytes, Share), Rejected> {
    let limit = shared.settings.body_limit;
    let Some(body) = unread.0.as_mut() else {
        return Ok((Bytes::new(), Share::new(&shared.budget)));
    };
    let mut share = Share::new(&shared.budget);
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    let Some(first) = frame(body, shared.settings.body_pause).await? else {
        return Ok((Bytes::new(), share));
    };
    grow(&mut share, first.len()).await?;
    if body.is_end_stream() {
        return if first.len() > limit {
            Err(too_large(limit))
        } else {
            Ok((first, share))
        };
    }
    // Room is made for what is announced, and accounted for as it comes: an announcement costs its sender nothing.
    let announced = usize::try_from(announced).unwrap_or(0).min(AT_ONCE);
    let mut all = BytesMut::with_capacity(announced.max(first.len()));
    all.extend_from_slice(&first);
    drop(first);
    while let Some(chunk) = frame(body, shared.settings.body_pause).await? {
        let len = all.len() + chunk.len();
        if len > limit {
            return Err(too_large(limit));
        }
        if len > all.capacity() {
            // Growing doubles the buffer, and copies what is there.
            let wanted = (all.capacity() * 2).max(len).min(limit.max(len));
            grow(&mut share, wanted).await?;
            all.reserve(wanted - all.len());
        } else {
            grow(&mut share, len).await?;
        }
        all.extend_from_slice(&chunk);
    }
    Ok((all.freeze(), share))
}

async fn frame(body: &mut Incoming, pause: Duration) -> Result<Option<Bytes>, Rejected> {
    loop {
        let next = tokio::time::timeout(pause, body.frame())
            .await
            .map_err(|_| too_slow(pause))?;
        match next {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                let text = "the body could not be read to its end";
                return Err(Rejection::new(Stage::Read, ErrorCode::BodyIncomplete, text)
                    .detail(error.to_string()));
            }
        }
    }
}

async fn grow(share: &mut Share, bytes: usize) -> Result<(), Rejected> {
    if bytes <= share.bytes() || share.grow_to(bytes.next_multiple_of(4 << 10)).await {
        return Ok(());
    }
    Err(no_memory())
}

pub(crate) fn no_memory() -> Rejected {
    let text = "the gateway has no memory left for request bodies, try again later";
    Rejection::new(Stage::Read, ErrorCode::NoMemory, text).retry_after(5)
}

fn too_slow(limit: Duration) -> Rejected {
    let text = format!(
        "the body took or paused for more than {} s",
        limit.as_secs()
    );
    Rejection::new(Stage::Read, ErrorCode::BodyTooSlow, text)
}

fn too_large(limit: usize) -> Rejected {
    let text = format!("the body is larger than {} MiB", limit >> 20);
    Rejection::new(Stage::Read, ErrorCode::RequestTooLarge, text)
}
