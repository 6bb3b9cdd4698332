//! Bodies that are gathered whole: within a limit, and within the process' memory for them. It is the only place that does so.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use crate::budget::{Reading, Share};

/// A body that says to be no longer than this gets its memory at once; a longer one as it comes, since many never do.
const AT_ONCE: usize = 512 << 10;
/// Memory is asked for in pieces of so many bytes.
const PIECE: usize = 4 << 10;

/// How much may come, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes.
    pub(crate) len: usize,
    /// Between two pieces; `None` where somebody else looks at the clock.
    pub(crate) pause: Option<Duration>,
}

/// Why a body could not be gathered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatherError {
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    #[error("there is no memory left for it")]
    NoMemory,
    #[error("others needed its memory more, while it was still coming")]
    Yielded,
    #[error("it paused for more than {0:?}")]
    TooSlow(Duration),
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

/// The whole body. What it takes is in the share.
pub(crate) async fn gather(
    body: &mut Incoming,
    limits: Limits,
    share: &mut Share,
) -> Result<Bytes, GatherError> {
    let too_long = Err(GatherError::TooLong(limits.len));
    let announced = body.size_hint().lower();
    if announced > limits.len as u64 {
        return too_long;
    }
    let Some(first) = piece(body, limits.pause).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > limits.len {
        return too_long;
    }
    grow(share, first.len()).await?;
    if body.is_end_stream() {
        return Ok(first);
    }
    let reading = share.reading();
    tokio::select! {
        biased;
        rest = rest(body, first, announced, limits, (share, &reading)) => rest,
        () = reading.yielded() => Err(GatherError::Yielded),
    }
}

/// What comes behind the first piece, with it.
async fn rest(
    body: &mut Incoming,
    first: Bytes,
    announced: u64,
    limits: Limits,
    (share, reading): (&mut Share, &Reading),
) -> Result<Bytes, GatherError> {
    // Room is made for what is announced, and accounted for as it comes: an announcement costs its sender nothing.
    let announced = usize::try_from(announced).unwrap_or(0);
    let mut all = BytesMut::with_capacity(announced.min(AT_ONCE).max(first.len()));
    all.extend_from_slice(&first);
    drop(first);
    while let Some(next) = piece(body, limits.pause).await? {
        let len = all.len() + next.len();
        if len > limits.len {
            return Err(GatherError::TooLong(limits.len));
        }
        if len > all.capacity() {
            // Growing doubles the buffer, and copies what is there; no further than to what is announced.
            let most = if announced == 0 {
                limits.len
            } else {
                announced
            };
            let wanted = (all.capacity() * 2).min(most).max(len);
            grow(share, wanted).await?;
            all.reserve(wanted - all.len());
        } else {
            grow(share, len).await?;
        }
        all.extend_from_slice(&next);
        reading.came(share.bytes());
    }
    Ok(all.freeze())
}

async fn piece(body: &mut Incoming, pause: Option<Duration>) -> Result<Option<Bytes>, GatherError> {
    loop {
        let next = match pause {
            None => body.frame().await,
            Some(pause) => tokio::time::timeout(pause, body.frame())
                .await
                .map_err(|_| GatherError::TooSlow(pause))?,
        };
        let Some(frame) = next else { return Ok(None) };
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
}

async fn grow(share: &mut Share, bytes: usize) -> Result<(), GatherError> {
    if bytes <= share.bytes() || share.grow_to(bytes.next_multiple_of(PIECE)).await {
        Ok(())
    } else {
        Err(GatherError::NoMemory)
    }
}
