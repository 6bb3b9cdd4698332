//! How the API server is called: no call without an end, and no write by a replica that doesn't lead.
//!
//! ```text
//! passes --> while_leading: refuses and cuts off writes --> bounded: deadlines, Retry-After --> kube's own client
//! ```
//!
//! The client's own default is to wait for ever, and to try again by itself for as long as it is asked to. Here nothing is tried again:
//! whoever called knows whether it still wants to, and whether this replica still leads.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use kube::Client;
use kube::client::Body;
use tokio::sync::watch;
use tonic::codegen::Service;

use crate::clock;
use crate::leader::{Leadership, RENEW_DEADLINE};
use crate::metrics::Metrics;

/// An answer has to be there by then, to its last byte.
pub const CALL_TIME: Duration = Duration::from_secs(5);
/// A page of a long list may take longer, and so may a watch to begin: nothing is written by them, and one that would be cut off
/// each time would never be read.
pub const PAGE_TIME: Duration = Duration::from_secs(30);
/// Nobody is kept away for longer, whatever the API server says.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

// A write that began as the leader's has ended before another may begin.
const _: () = assert!(CALL_TIME.as_secs() < RENEW_DEADLINE.as_secs());

/// Why a call came to nothing, where the API server didn't say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It did not answer in time; a write may have been done all the same.
    #[error("the API server does not answer {0}")]
    Unanswered(Method),
    /// It has too much to do, and said when to come back.
    #[error("the API server is busy ({code}): come back in {} s", after.as_secs())]
    Busy {
        /// 429 or 503.
        code: StatusCode,
        /// Not before.
        after: Duration,
    },
    /// The lease is another's, or may be soon: nothing is written any more.
    #[error("this replica does not lead")]
    NotLeading,
}

/// When the API server asked to be called again, if it did.
pub fn asked_delay(error: &kube::Error) -> Option<Duration> {
    match error {
        kube::Error::Service(error) => match error.downcast_ref::<CallError>()? {
            CallError::Busy { after, .. } => Some(*after),
            CallError::Unanswered(_) | CallError::NotLeading => None,
        },
        kube::Error::Api(status) if status.code == 429 => {
            let seconds = status.details.as_ref()?.retry_after_seconds;
            Some(Duration::from_secs(u64::from(seconds)).min(LONGEST_ASKED))
        }
        _ => None,
    }
}

/// The client from the environment, bounded.
///
/// # Errors
/// When no API server is configured.
pub async fn connect(metrics: Metrics) -> Result<Client, kube::Error> {
    let mut config = kube::Config::infer()
        .await
        .map_err(kube::Error::InferConfig)?;
    config.default_retry = false;
    Ok(bounded(Client::try_from(config)?, metrics))
}

/// Every call ends. Those that the API server does not answer are counted. Must be called within a runtime.
pub fn bounded(client: Client, metrics: Metrics) -> Client {
    let namespace = client.default_namespace().to_owned();
    Client::new(Bounded { client, metrics }, namespace)
}

/// Writes are refused unless this replica leads, and given up when it no longer does. Must be called within a runtime.
pub fn while_leading(client: Client, leadership: watch::Receiver<Leadership>) -> Client {
    let namespace = client.default_namespace().to_owned();
    Client::new(Leading { client, leadership }, namespace)
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

struct Bounded {
    client: Client,
    metrics: Metrics,
}

impl Service<Request<Body>> for Bounded {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        let (client, metrics) = (self.client.clone(), self.metrics.clone());
        Box::pin(async move {
            let method = request.method().clone();
            let limit = time(request.uri().query().unwrap_or_default());
            match tokio::time::timeout(limit, answer(&client, request)).await {
                Ok(answer) => answer,
                Err(_) => {
                    metrics.unanswered(method.as_str());
                    Err(CallError::Unanswered(method).into())
                }
            }
        })
    }
}

fn time(query: &str) -> Duration {
    let is_long = |pair: &str| pair.starts_with("limit=") || pair == "watch=true";
    if query.split('&').any(is_long) {
        PAGE_TIME
    } else {
        CALL_TIME
    }
}

/// The whole answer; of a watch, its head.
async fn answer(client: &Client, request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let query = request.uri().query().unwrap_or_default();
    let is_watch = query.split('&').any(|pair| pair == "watch=true");
    let response = client.send(request).await?;
    if let Some(busy) = busy(&response) {
        return Err(busy.into());
    }
    if is_watch {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect_bytes().await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// The header is what counts: of a server that is too busy even for a `Status`, the body is plain text.
fn busy(response: &Response<Body>) -> Option<CallError> {
    let code = response.status();
    if !matches!(
        code,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    let after = Duration::from_secs(seconds).min(LONGEST_ASKED);
    Some(CallError::Busy { code, after })
}

struct Leading {
    client: Client,
    leadership: watch::Receiver<Leadership>,
}

impl Service<Request<Body>> for Leading {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        let (client, leadership) = (self.client.clone(), self.leadership.clone());
        Box::pin(async move {
            if request.method() == Method::GET {
                return Ok(client.send(request).await?);
            }
            tokio::select! {
                // First: nothing may be sent by who has lost the lease already.
                biased;
                () = lost(leadership) => Err(CallError::NotLeading.into()),
                answer = client.send(request) => Ok(answer?),
            }
        })
    }
}

/// Returns when this replica doesn't lead, or no longer.
async fn lost(mut leadership: watch::Receiver<Leadership>) {
    loop {
        let until = leadership.borrow_and_update().mine_until;
        let Some(until) = until.filter(|until| clock::now() < *until) else {
            return;
        };
        tokio::select! {
            // Whoever held the lease for us is gone: then nobody does.
            changed = leadership.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(until.into()) => {}
        }
    }
}

#[cfg(test)]
mod tests;
