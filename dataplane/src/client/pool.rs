//! Connections to one upstream, kept apart by worker so that nobody waits for a lock or wakes another core.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::uri::{Authority, Scheme, Uri};
use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use sluice_process::task;

use super::connect::{ConnectError, Connector, Stream};
use super::tls::{TlsError, client_config};
use super::{IDLE, MAX_AGE, Outgoing, Target};

/// Idle connections that are kept per worker.
const MAX_IDLE: usize = 512;
/// Requests at once on one HTTP/2 connection, before another is made. Servers commonly allow 100.
const MAX_STREAMS: usize = 90;

/// The connections to one upstream.
pub(crate) struct Pool {
    pub(crate) target: Target,
    tls: Option<Arc<ClientConfig>>,
    /// For the `host` header.
    host: HeaderValue,
    authority: Authority,
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Default)]
struct Shard {
    idle: Vec<Idle>,
    shared: Vec<Shared>,
}

struct Idle {
    sender: http1::SendRequest<Outgoing>,
    made: Instant,
    since: Instant,
}

/// An HTTP/2 connection; the Arc's count tells how many requests it carries.
#[derive(Clone)]
struct Shared {
    sender: http2::SendRequest<Outgoing>,
    made: Instant,
    users: Arc<()>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pool").field(&self.target).finish()
    }
}

/// Why a pool can't be made at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{0:?} is no valid host")]
    Host(String),
}

/// A connection in use by one request. Given back when the answer was read to its end, closed when dropped before.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    worker: usize,
    made: Instant,
    rested: Duration,
    kind: LeaseKind,
}

enum LeaseKind {
    Http1(Option<http1::SendRequest<Outgoing>>),
    Http2(Shared),
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// As the `host` header says it.
    pub(crate) fn host(&self) -> &HeaderValue {
        &self.host
    }

    pub(crate) fn new(target: Target, workers: usize) -> Result<Self, PoolError> {
        let tls = target
            .tls
            .as_ref()
            .map(|tls| client_config(&tls.ca_pem))
            .transpose()?;
        let default = if target.tls.is_some() { 443 } else { 80 };
        let bracketed = if target.host.contains(':') && !target.host.starts_with('[') {
            format!("[{}]", target.host)
        } else {
            target.host.to_string()
        };
        let text = if target.port == default {
            bracketed
        } else {
            format!("{bracketed}:{}", target.port)
        };
        let authority: Authority = text.parse().map_err(|_| PoolError::Host(text.clone()))?;
        let host = HeaderValue::from_str(&text).map_err(|_| PoolError::Host(text))?;
        Ok(Self {
            tls,
            host,
            authority,
            shards: (0..workers.max(1)).map(|_| Mutex::default()).collect(),
            target,
        })
    }

    fn shard(&self, worker: usize) -> &Mutex<Shard> {
        &self.shards[worker % self.shards.len()]
    }

    /// A kept connection that still works, the one used last first.
    pub(crate) async fn checkout(self: &Arc<Self>, worker: usize) -> Option<Lease> {
        loop {
            let mut idle = {
                let mut shard = lock(self.shard(worker));
                let usable = |s: &Shared| !s.sender.is_closed() && s.made.elapsed() < MAX_AGE;
                if !shard.shared.is_empty() {
                    shard.shared.retain(usable);
                    if let Some(shared) = shard
                        .shared
                        .iter()
                        .find(|s| Arc::strong_count(&s.users) <= MAX_STREAMS)
                    {
                        let made = shared.made;
                        return Some(Lease {
                            pool: self.clone(),
                            worker,
                            made,
                            rested: Duration::ZERO,
                            kind: LeaseKind::Http2(shared.clone()),
                        });
                    }
                }
                shard.idle.pop()?
            };
            let rested = idle.since.elapsed();
            if idle.sender.is_closed() || rested > IDLE || idle.made.elapsed() > MAX_AGE {
                continue;
            }
            // The connection's own task may still be finishing the last answer.
            if idle.sender.is_ready() || is_soon_ready(&mut idle.sender).await {
                let kind = LeaseKind::Http1(Some(idle.sender));
                return Some(Lease {
                    pool: self.clone(),
                    worker,
                    made: idle.made,
                    rested,
                    kind,
                });
            }
        }
    }

    /// A new connection.
    pub(super) async fn connect(
        self: &Arc<Self>,
        connector: &Connector,
        worker: usize,
    ) -> Result<Lease, ConnectError> {
        let broken = |error: hyper::Error| ConnectError::Tls {
            host: self.target.host.to_string(),
            error: error.to_string(),
        };
        let made = Instant::now();
        let kind = match connector.connect(&self.target, self.tls.as_ref()).await? {
            Stream::Plain(tcp) => {
                LeaseKind::Http1(Some(http1_over(TokioIo::new(tcp)).await.map_err(broken)?))
            }
            Stream::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => {
                let sender = http2_over(TokioIo::new(*tls)).await.map_err(broken)?;
                let shared = Shared {
                    sender,
                    made,
                    users: Arc::new(()),
                };
                lock(self.shard(worker)).shared.push(shared.clone());
                LeaseKind::Http2(shared)
            }
            Stream::Tls(tls) => {
                LeaseKind::Http1(Some(http1_over(TokioIo::new(*tls)).await.map_err(broken)?))
            }
        };
        Ok(Lease {
            pool: self.clone(),
            worker,
            made,
            rested: Duration::ZERO,
            kind,
        })
    }

    fn put_back(&self, worker: usize, sender: http1::SendRequest<Outgoing>, made: Instant) {
        if sender.is_closed() {
            return;
        }
        let mut shard = lock(self.shard(worker));
        if shard.idle.len() >= MAX_IDLE {
            shard.idle.remove(0);
        }
        shard.idle.push(Idle {
            sender,
            made,
            since: Instant::now(),
        });
    }

    /// Closes what was not used for long. The newest connections stay.
    pub(crate) fn prune(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard
                .idle
                .retain(|i| !i.sender.is_closed() && i.since.elapsed() < IDLE);
            shard
                .shared
                .retain(|s| !s.sender.is_closed() && s.made.elapsed() < MAX_AGE);
        }
    }
}

/// Whether the last exchange ends at once. One that doesn't, because its request is still being sent although it was answered,
/// is no connection to wait for.
async fn is_soon_ready(sender: &mut http1::SendRequest<Outgoing>) -> bool {
    tokio::time::timeout(Duration::from_millis(5), sender.ready())
        .await
        .is_ok_and(|ready| ready.is_ok())
}

async fn http1_over<T>(io: TokioIo<T>) -> Result<http1::SendRequest<Outgoing>, hyper::Error>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new().handshake(io).await?;
    // Ends with its connection; what went wrong is told to the request that was on it.
    task::spawn("connection to an upstream", async move {
        let _ = connection.await;
    });
    Ok(sender)
}

async fn http2_over<T>(io: TokioIo<T>) -> Result<http2::SendRequest<Outgoing>, hyper::Error>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .keep_alive_while_idle(true)
        .adaptive_window(true)
        .handshake(io)
        .await?;
    task::spawn("connection to an upstream", async move {
        let _ = connection.await;
    });
    Ok(sender)
}

impl Lease {
    /// Sends; the request comes back when nothing of it was sent.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, (hyper::Error, Option<Request<Outgoing>>)> {
        match &mut self.kind {
            LeaseKind::Http1(sender) => {
                *request.version_mut() = Version::HTTP_11;
                let host = &self.pool.host;
                request
                    .headers_mut()
                    .entry(header::HOST)
                    .or_insert_with(|| host.clone());
                match sender.as_mut() {
                    Some(sender) => sender.try_send_request(request).await.map_err(|mut e| {
                        let unsent = e.take_message();
                        (e.into_error(), unsent)
                    }),
                    // A lease sends once; this arm keeps it total.
                    None => std::future::pending().await,
                }
            }
            LeaseKind::Http2(shared) => {
                *request.version_mut() = Version::HTTP_2;
                let named = request.headers_mut().remove(header::HOST);
                let named = named.and_then(|h| Authority::try_from(h.as_bytes()).ok());
                let mut parts = std::mem::take(request.uri_mut()).into_parts();
                parts.scheme = Some(Scheme::HTTPS);
                parts.authority = Some(named.unwrap_or_else(|| self.pool.authority.clone()));
                *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
                shared
                    .sender
                    .try_send_request(request)
                    .await
                    .map_err(|mut e| {
                        let unsent = e.take_message();
                        (e.into_error(), unsent)
                    })
            }
        }
    }

    /// Whether others are on the connection too.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.kind, LeaseKind::Http2(_))
    }

    /// How long the connection was unused before.
    pub(super) fn rested(&self) -> Duration {
        self.rested
    }

    /// The answer was read to its end.
    pub(crate) fn give_back(mut self) {
        if let LeaseKind::Http1(sender) = &mut self.kind
            && let Some(sender) = sender.take()
        {
            self.pool.put_back(self.worker, sender, self.made);
        }
    }
}
