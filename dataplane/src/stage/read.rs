//! Reads a body, within the process' budget.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use sluice_llm::encoding::{self, DecodeError};
use sluice_process::task;
use sluice_vocab::ErrorCode;

use super::authn::Caller;
use crate::budget::Share;
use crate::engine::Engine;
use crate::gather::{GatherError, Limits, gather};
use crate::rejection::{Rejected, Rejection, Stage};

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
        task::spawn(
            "the rest of an unread body",
            tokio::time::timeout(LINGER, async move {
                let mut taken = 0;
                while let Some(Ok(frame)) = body.frame().await {
                    taken += frame.data_ref().map_or(0, Bytes::len);
                    if taken > LINGER_BYTES {
                        return;
                    }
                }
            })
            .map(drop),
        );
    }
}

/// The whole body, decoded; what it takes is in the share. Nobody's body is read but that of somebody who was let in.
pub(crate) async fn read(
    _: &Caller,
    engine: &Engine,
    headers: &mut HeaderMap,
    mut unread: Unread,
    share: &mut Share,
) -> Result<Bytes, Rejected> {
    let settings = &engine.settings;
    let limit = settings.body_limit;
    let bytes = match unread.0.as_mut() {
        None => Bytes::new(),
        Some(body) => {
            let limits = Limits {
                len: limit,
                pause: Some(settings.body_pause),
            };
            tokio::time::timeout(settings.body_time, gather(body, limits, share))
                .await
                .map_err(|_| too_slow(settings.body_time))?
                .map_err(ungathered)?
        }
    };
    let coded = headers
        .remove(header::CONTENT_ENCODING)
        .filter(|e| e.as_bytes() != b"identity");
    let Some(coding) = coded else {
        return Ok(bytes);
    };
    let held = share.bytes();
    let decoded = encoding::decode(coding.as_bytes(), &bytes, limit, &mut |more| {
        share.try_grow_to(held + more)
    })
    .map_err(|e| undecoded(e, &coding, limit))?;
    drop(bytes);
    share.try_set(decoded.len());
    Ok(decoded)
}

fn ungathered(error: GatherError) -> Rejected {
    match error {
        GatherError::TooLong(limit) => too_large(limit),
        GatherError::NoMemory | GatherError::Yielded => Rejection::no_memory(Stage::Read),
        GatherError::TooSlow(pause) => too_slow(pause),
        GatherError::Broken(error) => {
            let text = "the body could not be read to its end";
            Rejection::new(Stage::Read, ErrorCode::BodyIncomplete, text).detail(error.to_string())
        }
    }
}

fn undecoded(error: DecodeError, coding: &HeaderValue, limit: usize) -> Rejected {
    match error {
        DecodeError::TooLarge => too_large(limit),
        DecodeError::NoMemory => Rejection::no_memory(Stage::Read),
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
