//! Sends the request, and waits for the head of the answer.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use sluice_llm::dropped::Dropped;
use sluice_llm::{Format, Operation};
use sluice_vocab::ErrorCode;

use super::cross::Crossing;
use super::guard::Looks;
use super::translate::{Outbound, remove_hop_by_hop};
use crate::client::{Answer, Lease, Outgoing, Pool, SendError};
use crate::gateway::Shared;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Edits, Leaf};

/// An upstream's answer, of which the head is there.
pub(crate) struct Reply {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
    pub(crate) reading: Option<Reading>,
    /// The whole answer; for streams, each pause.
    pub(crate) timeout: Duration,
    pub(crate) deadline: tokio::time::Instant,
    /// What looks at it before anybody else does.
    pub(crate) looks: Option<Looks>,
}

/// How to read an answer of an LLM provider.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The provider's.
    pub(crate) format: Format,
    pub(crate) operation: Operation,
    pub(crate) strip_usage: bool,
    /// Set where the caller wants another wire than the provider speaks.
    pub(crate) crossing: Option<Box<Crossing>>,
    /// What the provider was not given.
    pub(crate) dropped: Dropped,
}

impl Reading {
    /// Where the texts of a stream are looked at, which is in the provider's words wherever those are server-sent events. Bedrock's are frames: there
    /// the client's are looked at, after the translation.
    pub(crate) fn guarded(&self) -> Guarded {
        match &self.crossing {
            Some(c) if self.format == Format::Bedrock => Guarded {
                format: c.client.format(),
                operation: c.client.operation(),
                translated: true,
            },
            Some(c) => Guarded {
                format: self.format,
                operation: c.provider.operation(),
                translated: false,
            },
            None => Guarded {
                format: self.format,
                operation: self.operation,
                translated: false,
            },
        }
    }
}

/// How a stream is written where its texts are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guarded {
    pub(crate) format: Format,
    pub(crate) operation: Operation,
    /// Whether that is behind the translation.
    pub(crate) translated: bool,
}

impl Reply {
    pub(crate) fn with_headers(mut self, edits: &Edits) -> Self {
        edits.apply(self.response.headers_mut());
        self
    }
}

/// To a provider.
pub(crate) async fn send(
    shared: &Shared,
    leaf: &Leaf,
    worker: usize,
    outbound: Outbound,
    timeout: Duration,
) -> Result<Reply, Rejected> {
    let Outbound {
        request,
        format,
        operation,
        strip_usage,
        crossing,
        dropped,
    } = outbound;
    let reading = Some(Reading {
        format,
        operation,
        strip_usage,
        crossing,
        dropped,
    });
    exchange(shared, &leaf.pool, worker, request, timeout, reading).await
}

/// To a Service.
pub(crate) async fn service(
    shared: &Shared,
    pool: &Arc<Pool>,
    worker: usize,
    request: Request<Outgoing>,
    timeout: Duration,
) -> Result<Reply, Rejected> {
    exchange(shared, pool, worker, request, timeout, None).await
}

async fn exchange(
    shared: &Shared,
    pool: &Arc<Pool>,
    worker: usize,
    request: Request<Outgoing>,
    timeout: Duration,
    reading: Option<Reading>,
) -> Result<Reply, Rejected> {
    let deadline = tokio::time::Instant::now() + timeout;
    let Answer {
        mut response,
        lease,
        connected,
    } = tokio::time::timeout_at(deadline, shared.client.send(pool, worker, request))
        .await
        .map_err(|_| too_slow(timeout))?
        .map_err(unreachable)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let text = "the upstream changed the protocol, which was not asked for";
        return Err(Rejection::new(
            Stage::Send,
            ErrorCode::UpstreamSwitchedProtocol,
            text,
        ));
    }
    // Before the route adds anything.
    remove_hop_by_hop(response.headers_mut());
    if connected {
        shared.metrics.upstream_connects.inc();
    }
    Ok(Reply {
        response,
        lease,
        reading,
        timeout,
        deadline,
        looks: None,
    })
}

pub(crate) fn too_slow(timeout: Duration) -> Rejected {
    let text = format!("the upstream did not answer within {timeout:?}");
    Rejection::new(Stage::Send, ErrorCode::UpstreamTimeout, text)
}

fn unreachable(error: SendError) -> Rejected {
    let text = match &error {
        SendError::Connect(_) => "the upstream cannot be reached",
        SendError::Broken(_) => "the connection to the upstream broke before it answered",
    };
    Rejection::new(Stage::Send, ErrorCode::UpstreamUnreachable, text).detail(error.to_string())
}
