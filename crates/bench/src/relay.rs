//! The least a gateway on hyper can do: take a request, send it on over a pooled connection, relay the answer. It stays in
//! every bench as the floor (`hyper-relay`), and it settles which runtime the data plane is built on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, Version, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

/// How connections are spread over cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// One current-thread runtime per core, each with its own SO_REUSEPORT listener.
    PerCore,
    /// One current-thread runtime per core, fed by one acceptor with the core that has the fewest connections.
    PerCoreFed,
    /// One work-stealing runtime.
    WorkStealing,
}

/// Runs the relay until it is killed.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RelayArgs {
    /// How connections are spread over cores.
    #[arg(long, value_enum, default_value_t = Mode::PerCore)]
    mode: Mode,
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// Where to send requests.
    #[arg(long)]
    upstream: SocketAddr,
    /// How many cores to use.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

type Reply = Response<Either<Returning, Full<Bytes>>>;
type Idle = Arc<Mutex<Vec<SendRequest<Incoming>>>>;

/// Idle connections to the upstream, newest first.
#[derive(Clone)]
struct Pool {
    upstream: SocketAddr,
    idle: Idle,
}

pub(crate) fn run(args: &RelayArgs) -> Result<()> {
    match args.mode {
        Mode::WorkStealing => work_stealing(args),
        Mode::PerCore => per_core(args),
        Mode::PerCoreFed => per_core_fed(args),
    }
}

fn work_stealing(args: &RelayArgs) -> Result<()> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(args.threads)
        .enable_all()
        .build()?;
    let pool = Pool::new(args.upstream);
    runtime.block_on(async {
        let listener = listen(args.listen)?;
        // `block_on`'s own thread is no worker: accept on one.
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                tokio::spawn(serve(stream, pool.clone()));
            }
        })
        .await
        .context("the acceptor ended")
    })
}

fn per_core(args: &RelayArgs) -> Result<()> {
    let threads: Vec<_> = (0..args.threads)
        .map(|_| {
            let args = args.clone();
            thread::spawn(move || -> Result<()> {
                let pool = Pool::new(args.upstream);
                local()?.block_on(async move {
                    let listener = listen(args.listen)?;
                    loop {
                        let Ok((stream, _)) = listener.accept().await else {
                            continue;
                        };
                        tokio::spawn(serve(stream, pool.clone()));
                    }
                })
            })
        })
        .collect();
    join(threads)
}

fn per_core_fed(args: &RelayArgs) -> Result<()> {
    let mut threads = Vec::new();
    let mut cores = Vec::new();
    for _ in 0..args.threads {
        let (sender, mut receiver) = mpsc::unbounded_channel::<std::net::TcpStream>();
        let open = Arc::new(AtomicUsize::new(0));
        cores.push((sender, open.clone()));
        let upstream = args.upstream;
        threads.push(thread::spawn(move || -> Result<()> {
            let pool = Pool::new(upstream);
            local()?.block_on(async move {
                while let Some(stream) = receiver.recv().await {
                    let stream = TcpStream::from_std(stream)?;
                    let (pool, open) = (pool.clone(), open.clone());
                    tokio::spawn(async move {
                        serve(stream, pool).await;
                        open.fetch_sub(1, Ordering::Relaxed);
                    });
                }
                Ok(())
            })
        }));
    }
    let listen_at = args.listen;
    threads.push(thread::spawn(move || {
        local()?.block_on(async move {
            let listener = listen(listen_at)?;
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                let Some((sender, open)) = cores.iter().min_by_key(|c| c.1.load(Ordering::Relaxed))
                else {
                    continue;
                };
                open.fetch_add(1, Ordering::Relaxed);
                sender.send(stream.into_std()?)?;
            }
        })
    }));
    join(threads)
}

fn local() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn join(threads: Vec<thread::JoinHandle<Result<()>>>) -> Result<()> {
    for thread in threads {
        thread
            .join()
            .map_err(|_| anyhow::anyhow!("a core's thread panicked"))??;
    }
    Ok(())
}

fn listen(addr: SocketAddr) -> Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(1024)?;
    Ok(TcpListener::from_std(socket.into())?)
}

async fn serve(stream: TcpStream, pool: Pool) {
    // A relay that waits for delayed ACKs would measure those.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let pool = pool.clone();
        async move { Ok::<_, std::convert::Infallible>(relay(pool, request).await) }
    });
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn relay(pool: Pool, mut request: Request<Incoming>) -> Reply {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().remove(header::CONNECTION);
    if let Ok(host) = pool.upstream.to_string().parse() {
        request.headers_mut().insert(header::HOST, host);
    }
    match pool.send(request).await {
        Ok((answer, sender)) => {
            let (mut head, body) = answer.into_parts();
            head.version = Version::HTTP_11;
            head.headers.remove(header::TRANSFER_ENCODING);
            head.headers.remove(header::CONNECTION);
            Response::from_parts(
                head,
                Either::Left(Returning {
                    body,
                    lease: Some((sender, pool.idle)),
                }),
            )
        }
        Err(_) => {
            let mut response = Response::new(Either::Right(Full::default()));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    }
}

impl Pool {
    fn new(upstream: SocketAddr) -> Self {
        Self {
            upstream,
            idle: Idle::default(),
        }
    }

    async fn send(
        &self,
        request: Request<Incoming>,
    ) -> Result<(Response<Incoming>, SendRequest<Incoming>)> {
        let mut sender = self.take().await?;
        let answer = sender.send_request(request).await?;
        Ok((answer, sender))
    }

    async fn take(&self) -> Result<SendRequest<Incoming>> {
        loop {
            let taken = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            match taken {
                Some(sender) if sender.is_ready() => return Ok(sender),
                Some(sender) if sender.is_closed() => {}
                // Its last answer has been relayed but its task has not run since.
                Some(mut sender) => {
                    if sender.ready().await.is_ok() {
                        return Ok(sender);
                    }
                }
                None => return self.connect().await,
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Incoming>> {
        let stream = TcpStream::connect(self.upstream).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// An answer's body; at its end, the connection goes back to the pool.
struct Returning {
    body: Incoming,
    lease: Option<(SendRequest<Incoming>, Idle)>,
}

impl hyper::body::Body for Returning {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>> {
        let polled = std::pin::Pin::new(&mut self.body).poll_frame(cx);
        let over = matches!(polled, std::task::Poll::Ready(None)) || self.body.is_end_stream();
        if over && let Some((sender, idle)) = self.lease.take() {
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(sender);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}
