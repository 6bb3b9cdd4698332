//! Requests to upstreams over connections that are kept.

mod connect;
mod dns;
mod outgoing;
mod pool;
mod proxy;
mod tls;

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use sluice_vocab::Egress;
use tokio::net::TcpStream;

use crate::settings::ProxySettings;

pub(crate) use outgoing::Outgoing;
pub(crate) use pool::{Lease, Pool};

pub(crate) use connect::ConnectError;
use connect::Connector;

/// Where to connect to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    /// A name or an address.
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
    pub(crate) tls: Option<Tls>,
    pub(crate) proxy: Proxy,
    pub(crate) whose: Whose,
}

/// Who chose where a connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// Who wrote a resource: it may lead no further than an administrator lets it.
    Author,
    /// Who runs the process.
    Own,
}

/// How the other side proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Tls {
    /// Name to verify; empty for the host.
    pub(crate) server_name: Arc<str>,
    /// Further authorities, PEM; empty for none.
    pub(crate) ca_pem: Arc<str>,
}

/// Which proxy to go through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Proxy {
    /// What the environment says.
    Environment,
    /// None.
    Direct,
    /// This one.
    Url(Arc<str>),
}

/// Makes connections and sends requests.
pub(crate) struct Client {
    connector: Connector,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// No connection could be made.
    #[error("cannot connect: {0}")]
    Connect(#[from] ConnectError),
    /// The connection broke before the answer's head was there.
    #[error("the connection broke before an answer: {0}")]
    Broken(#[source] hyper::Error),
}

/// An answer's head, its body, and the connection to give back after it.
pub(crate) struct Answered {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
    /// Whether a connection was made for it.
    pub(crate) connected: bool,
}

/// An upstream's answer, of which the head is there, and until when the rest of it may come.
pub(crate) struct Reply {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
    /// For the whole answer; for streams, for each pause.
    pub(crate) timeout: Duration,
    pub(crate) deadline: tokio::time::Instant,
}

impl Client {
    pub(crate) fn new(
        connect_timeout: Duration,
        proxies: ProxySettings,
        egress: Option<Egress>,
    ) -> Self {
        Self {
            connector: Connector::new(connect_timeout, proxies, egress),
        }
    }

    /// A bare connection to any of a name's addresses, whatever proxies there are.
    pub(crate) async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        self.connector.any(host, port).await
    }

    /// Sends a request and waits for the answer's head.
    ///
    /// A kept connection may have died unseen, and one over HTTP/2 may be about to be renewed. When nothing of the request can have
    /// been worked on, because the other side closed it before or as the request arrived, or said so, it is sent once more on a new
    /// connection, if its body can be.
    pub(crate) async fn send(
        &self,
        pool: &Arc<Pool>,
        worker: usize,
        mut request: Request<Outgoing>,
    ) -> Result<Answered, SendError> {
        if let Some(mut lease) = pool.checkout(worker).await {
            let spare = if lease.rested() > FRESH || lease.is_shared() {
                copy(&request)
            } else {
                None
            };
            let sent = Instant::now();
            match lease.send(request).await {
                Ok(response) => {
                    return Ok(Answered {
                        response,
                        lease,
                        connected: false,
                    });
                }
                Err((error, unsent)) => {
                    let untouched = is_untouched(&error)
                        || !lease.is_shared() && sent.elapsed() < UNTOUCHED && is_dead(&error);
                    let spare = spare.filter(|_| untouched);
                    request = unsent.or(spare).ok_or(SendError::Broken(error))?;
                }
            }
        }
        // Apart, since it is rare and its state is larger than all the rest of a request's.
        let mut lease = Box::pin(pool.connect(&self.connector, worker)).await?;
        match lease.send(request).await {
            Ok(response) => Ok(Answered {
                response,
                lease,
                connected: true,
            }),
            Err((error, _)) => Err(SendError::Broken(error)),
        }
    }
}

/// Whether the other side says that it did nothing with the request: it refused the stream, or goes away and has not begun it (RFC 9113,
/// section 8.7).
fn is_untouched(error: &hyper::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            return error.is_remote() && (error.is_go_away() || is_refused);
        }
        cause = error.source();
    }
    false
}

fn is_dead(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || error.is_closed()
}

/// A second copy of a request whose body was read; its bytes are shared.
fn copy(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let Outgoing::Read(segments) = request.body() else {
        return None;
    };
    let mut again = Request::new(Outgoing::Read(segments.clone()));
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.version_mut() = request.version();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

/// A connection that rested less than this has hardly died unseen, so that a copy of the request isn't worth its cost.
const FRESH: Duration = Duration::from_millis(500);
/// A connection that ends so soon after a request went out was dead before; one that ends later may have been worked on, and a
/// second try would be paid twice.
const UNTOUCHED: Duration = Duration::from_millis(500);
/// How long an unused connection is kept: below what common servers keep it (60 s and more).
pub(crate) const IDLE: Duration = Duration::from_secs(50);
/// How old a connection may get, so that a name that moved is followed.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(300);
