//! An answer that is there as a whole before anything is said, so that one that can't be looked at or understood is an error and never
//! half an answer.

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use sluice_llm::encoding::{self, DecodeError};
use sluice_llm::flow::{Frame, WholeBody};
use sluice_vocab::ErrorCode;
use tokio::time::Instant;

use super::findings;
use super::flow::Flow;
use super::head::{self, Ours};
use super::source::Source;
use super::step::Close;
use crate::budget::Share;
use crate::gather::{GatherError, Limits};
use crate::record::Findings;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::room::room;

/// Longest answer that is read whole, in bytes. Embedded pictures and sound are what makes one long.
const MOST: usize = 64 << 20;

/// Where it comes from, and until when.
pub(super) struct Gathering {
    pub(super) source: Source,
    pub(super) timeout: Duration,
    pub(super) deadline: Instant,
}

/// Reads it to its end, and sends it through its steps.
pub(super) async fn answer(
    mut head: Parts,
    gathering: Gathering,
    mut flow: Flow,
    (ours, counts): (Ours<'_>, bool),
    found: &mut Findings,
) -> Result<Response<Bytes>, Rejected> {
    let body = gather(&mut head, gathering, flow.share()).await?;
    let room = match ours.crossed || flow.waits() {
        true => Some(room(flow.share(), Stage::Relay, &body).await?),
        false => None,
    };
    let status = head.status.as_u16();
    let through = through(&mut flow, WholeBody { status, body }).await;
    drop(room);
    *found = findings::complete(&flow, counts).0;
    through?;
    head::unbind(&mut head.headers);
    if let Some(failure) = flow.failure() {
        head::retry_after(&mut head.headers, failure);
    }
    if ours.crossed {
        let kind = HeaderValue::from_static("application/json");
        head.headers.insert(header::CONTENT_TYPE, kind);
    }
    head::set_ids(&mut head.headers, ours);
    let nothing = || {
        let text = "the gateway failed on this answer";
        Rejection::new(Stage::Internal, ErrorCode::InternalError, text)
    };
    let (whole, share) = flow.into_whole().ok_or_else(nothing)?;
    head.status = StatusCode::from_u16(whole.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let body = share.attach(whole.body);
    let body = body.ok_or_else(|| Rejection::no_memory(Stage::Relay))?;
    Ok(Response::from_parts(head, body))
}

async fn through(flow: &mut Flow, whole: WholeBody) -> Result<(), Rejected> {
    let mut failed = None;
    flow.frame(Frame::Whole(whole), &mut failed);
    failed.map_or(Ok(()), Err)?;
    flow.close(Close::Complete)?;
    poll_fn(|cx| flow.poll_closed(cx)).await
}

/// All of it, decoded: some providers compress although they were asked not to.
async fn gather(
    head: &mut Parts,
    gathering: Gathering,
    share: &mut Share,
) -> Result<Bytes, Rejected> {
    let Gathering {
        mut source,
        timeout,
        deadline,
    } = gathering;
    let limits = Limits {
        len: MOST,
        pause: None,
    };
    let body = tokio::time::timeout_at(deadline, source.gather(limits, share))
        .await
        .map_err(|_| Rejection::upstream_timeout(timeout))?
        .map_err(|error| match error {
            GatherError::TooLong(limit) => Rejection::answer_too_long(limit),
            GatherError::NoMemory | GatherError::Yielded => Rejection::no_memory(Stage::Relay),
            GatherError::TooSlow(pause) => Rejection::upstream_timeout(pause),
            GatherError::Broken(error) => Rejection::upstream_cut(&error),
        })?;
    source.give_back_if_ended();
    let coding = head.headers.remove(header::CONTENT_ENCODING);
    let Some(coding) = coding.filter(|coding| coding.as_bytes() != b"identity") else {
        return Ok(body);
    };
    let held = share.bytes();
    let decoded = encoding::decode(coding.as_bytes(), &body, MOST, &mut |more| {
        share.try_grow_to(held + more)
    });
    decoded.map_err(|error| match error {
        DecodeError::TooLarge => Rejection::answer_too_long(MOST),
        DecodeError::NoMemory => Rejection::no_memory(Stage::Relay),
        other => Rejection::unguarded(other.to_string()),
    })
}
