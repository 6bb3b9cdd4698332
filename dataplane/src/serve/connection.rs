//! One client connection, HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::net::TcpStream as StdStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::seats::{Busy, Seat};
use super::tls;
use crate::answer::BodyError;
use crate::body::Body;
use crate::connection::{Connection, Security};
use crate::pipeline;
use crate::table::Port;

/// What a client's first bytes are when it speaks HTTP/2 without TLS (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Length of a frame's head (RFC 9113, section 4.1).
const FRAME_HEAD: usize = 9;
/// How long a client may take for its first bytes.
const FIRST_BYTES: Duration = Duration::from_secs(20);
/// How long what is left of an answer may take to be written, where another needs the connection's seat.
const LAST_BYTES: Duration = Duration::from_millis(500);
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 250;

/// Serves a connection until it ends, or until its requests have ended after a stop.
pub(super) async fn serve(
    mut connection: Connection,
    stream: StdStream,
    seat: Seat,
    mut stopped: watch::Receiver<bool>,
) {
    let Ok(stream) = TcpStream::from_std(stream) else {
        return;
    };
    let _ = stream.set_nodelay(true);
    notice_the_dead(&stream, connection.gateway.shared.settings().idle);
    let idle = connection.gateway.shared.settings().idle;
    let opening = tokio::time::timeout(FIRST_BYTES.min(idle), open(&connection, stream));
    let opened = tokio::select! {
        opened = opening => opened,
        () = seat.yielded() => return,
        _ = stopped.wait_for(|stop| *stop) => return,
    };
    // Whoever sends no HTTP, or is not let in, is let go.
    match opened.ok().flatten() {
        Some(Opened::Plain { stream, is_http2 }) => {
            carry(connection, stream, is_http2, seat, stopped).await
        }
        Some(Opened::Tls(accepted)) => {
            let tls::Accepted {
                stream,
                server_name,
                is_http2,
            } = *accepted;
            connection.security = Security::Tls { server_name };
            carry(connection, stream, is_http2, seat, stopped).await;
        }
        None => {}
    }
}

/// A connection on which a request can come.
enum Opened {
    Plain { stream: TcpStream, is_http2: bool },
    Tls(Box<tls::Accepted>),
}

async fn open(connection: &Connection, stream: TcpStream) -> Option<Opened> {
    let table = connection.gateway.live.load_full();
    if let Some(Port::Secure(secure)) = table.ports.get(&connection.port) {
        let accepted = tls::accept(secure, stream).await;
        if accepted.is_none() {
            connection.gateway.shared.metrics().handshakes_failed.inc();
        }
        return accepted.map(Box::new).map(Opened::Tls);
    }
    let is_http2 = speaks_http2(&stream).await.ok()?;
    Some(Opened::Plain { stream, is_http2 })
}

/// Carries requests, until a stop has been asked for and they have ended, or another needs the seat.
async fn carry<S>(
    connection: Connection,
    stream: S,
    is_http2: bool,
    seat: Seat,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let idle = connection.gateway.shared.settings().idle;
    let io = TokioIo::new(stream);
    let connection = Arc::new(connection);
    let seat = Arc::new(seat);
    let ours = seat.clone();
    let service = service_fn(move |request| {
        let (connection, busy) = (connection.clone(), ours.busy());
        // Boxed, so that the memory of a request's stages goes when its answer begins, and not when its stream ends.
        Box::pin(async move {
            let response = pipeline::handle(&connection, request).await;
            Ok::<_, Infallible>(response.map(|body| Answering { body, _busy: busy }))
        })
    });
    // True when it should be over at once.
    let ending = async move {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => false,
            () = seat.yielded() => true,
        }
    };
    // What goes wrong on a connection is the client's doing, and what became of its requests is recorded.
    if is_http2 {
        let mut serving = pin!(http2(idle).serve_connection(io, service));
        let at_once = tokio::select! {
            _ = serving.as_mut() => return,
            at_once = ending => at_once,
        };
        serving.as_mut().graceful_shutdown();
        end(serving, at_once).await;
    } else {
        let mut serving = pin!(http1(idle).serve_connection(io, service));
        let at_once = tokio::select! {
            _ = serving.as_mut() => return,
            at_once = ending => at_once,
        };
        serving.as_mut().graceful_shutdown();
        end(serving, at_once).await;
    }
}

/// Lets the requests in flight end. Where it should be over at once there are none, only what is left to be written.
async fn end(serving: impl Future, at_once: bool) {
    if at_once {
        let _ = tokio::time::timeout(LAST_BYTES, serving).await;
    } else {
        serving.await;
    }
}

/// An answer on its way.
struct Answering {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Answering {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A client that stops reading, or is gone without a word, is let go after a while: the kernel then ends the connection.
fn notice_the_dead(stream: &TcpStream, after: Duration) {
    let socket = socket2::SockRef::from(stream);
    let probes = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15));
    // Without these, it is noticed when something is written, or never.
    let _ = socket.set_tcp_keepalive(&probes);
    let _ = socket.set_tcp_user_timeout(Some(after));
}

/// Waits for the first bytes, and where they begin HTTP/2 for the whole preface and the frame that has to follow it: hyper itself
/// would wait for them without end.
async fn speaks_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; PREFACE.len() + FRAME_HEAD];
    loop {
        let n = stream.peek(&mut first).await?;
        let seen = n.min(PREFACE.len());
        if first[..seen] != PREFACE[..seen] || n == 0 {
            return Ok(false);
        }
        if n == first.len() {
            return Ok(true);
        }
        // What is there already would be seen again at once.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn http1(idle: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // With a timer, this also closes idle connections; without, slow heads would be waited for forever.
    builder.timer(TokioTimer::new()).header_read_timeout(idle);
    builder
}

fn http2(idle: Duration) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30).min(idle))
        .keep_alive_timeout(Duration::from_secs(20))
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(64 << 10);
    builder
}
