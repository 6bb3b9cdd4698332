//! Sends a request, and waits for the head of the answer.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use sluice_vocab::ErrorCode;

use super::translate::remove_hop_by_hop;
use crate::client::{Answered, Outgoing, Pool, Reply, SendError};
use crate::gateway::Shared;
use crate::rejection::{Rejected, Rejection, Stage};

pub(crate) async fn send(
    shared: &Shared,
    pool: &Arc<Pool>,
    worker: usize,
    request: Request<Outgoing>,
    timeout: Duration,
) -> Result<Reply, Rejected> {
    let deadline = tokio::time::Instant::now() + timeout;
    let sending = shared.engine.client.send(pool, worker, request);
    let Answered {
        mut response,
        lease,
        connected,
    } = tokio::time::timeout_at(deadline, sending)
        .await
        .map_err(|_| Rejection::upstream_timeout(timeout))?
        .map_err(unreachable)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let text = "the upstream changed the protocol, which was not asked for";
        let code = ErrorCode::UpstreamSwitchedProtocol;
        return Err(Rejection::new(Stage::Send, code, text));
    }
    // Before the route adds anything.
    remove_hop_by_hop(response.headers_mut());
    if connected {
        shared.metrics().upstream_connects.inc();
    }
    Ok(Reply {
        response,
        lease,
        timeout,
        deadline,
    })
}

fn unreachable(error: SendError) -> Rejected {
    let text = match &error {
        SendError::Connect(_) => "the upstream cannot be reached",
        SendError::Broken(_) => "the connection to the upstream broke before it answered",
    };
    Rejection::new(Stage::Send, ErrorCode::UpstreamUnreachable, text).detail(error.to_string())
}
