//! The admin port: probes and metrics, apart from the traffic.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::readiness::Readiness;
use crate::task;

/// Connections at once; one more, and the oldest of who has the most is let go.
const MAX_CONNECTIONS: usize = 64;
/// A connection carries one request, and is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(10);
const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A socket on which the process says how it fares.
///
/// * `/healthz` and `/health`: it lives.
/// * `/readyz`: 200, or 503 with the names of the gates that are shut, one a line.
/// * `/metrics`: OpenMetrics text.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
}

struct Pages<M> {
    readiness: Readiness,
    metrics: M,
}

impl Admin {
    /// Opens the socket. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the address can't be listened on; the error names it.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
        })?;
        Ok(Self { listener })
    }

    /// Where it listens, with the port that was chosen when 0 was asked for.
    ///
    /// # Errors
    /// When the system doesn't say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers, until it is dropped. `metrics` makes the text of `/metrics`.
    ///
    /// # Errors
    /// Never; it has the type that [`crate::Supervisor::spawn`] wants.
    pub async fn serve<M>(self, readiness: Readiness, metrics: M) -> Result<(), Infallible>
    where
        M: Fn() -> String + Send + Sync + 'static,
    {
        let pages = Arc::new(Pages { readiness, metrics });
        let mut held = VecDeque::new();
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    make_room(&mut held);
                    let pages = pages.clone();
                    let task = task::spawn("admin connection", async move {
                        // Whoever asks and doesn't listen has no answer coming.
                        let _ = tokio::time::timeout(PATIENCE, answer(stream, pages)).await;
                    });
                    held.push_back(Held {
                        from: peer.ip(),
                        task,
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection on the admin port");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

/// A connection that may still be open.
struct Held {
    from: IpAddr,
    task: AbortHandle,
}

/// For one more. Connections that say nothing keep no probe waiting: who has many of them loses one.
fn make_room(held: &mut VecDeque<Held>) {
    held.retain(|one| !one.task.is_finished());
    let from: Vec<IpAddr> = held.iter().map(|one| one.from).collect();
    if held.len() >= MAX_CONNECTIONS
        && let Some(one) = least_missed(&from).and_then(|i| held.remove(i))
    {
        one.task.abort();
    }
}

/// The first of the address that has the most.
fn least_missed(from: &[IpAddr]) -> Option<usize> {
    let count = |address| from.iter().filter(|one| *one == address).count();
    // Of equals the last is the maximum, so from the end.
    let most = from.iter().rev().max_by_key(|address| count(*address))?;
    from.iter().position(|one| one == most)
}

async fn answer<M: Fn() -> String>(stream: TcpStream, pages: Arc<Pages<M>>) {
    let service = service_fn(move |request| {
        let response = pages.find(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false);
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

impl<M: Fn() -> String> Pages<M> {
    fn find<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return page(
                StatusCode::METHOD_NOT_ALLOWED,
                TEXT,
                "GET is what there is\n".to_owned(),
            );
        }
        match request.uri().path() {
            "/healthz" | "/health" => page(StatusCode::OK, TEXT, "ok\n".to_owned()),
            "/readyz" => self.ready(),
            "/metrics" => page(StatusCode::OK, METRICS, (self.metrics)()),
            _ => page(
                StatusCode::NOT_FOUND,
                TEXT,
                "/healthz, /readyz, /metrics\n".to_owned(),
            ),
        }
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        let shut = self.readiness.still_shut();
        if shut.is_empty() {
            return page(StatusCode::OK, TEXT, "ok\n".to_owned());
        }
        let names: String = shut
            .iter()
            .map(|name| format!("not yet: {name}\n"))
            .collect();
        page(StatusCode::SERVICE_UNAVAILABLE, TEXT, names)
    }
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn ask(address: SocketAddr, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("{request} HTTP/1.1\r\nhost: pod\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
    }

    #[tokio::test]
    async fn it_lives_at_once_and_is_ready_when_all_gates_are_open() {
        let readiness = Readiness::new();
        let (configured, listening) = (readiness.gate("configured"), readiness.gate("listening"));
        let admin = Admin::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let at = admin.address().unwrap();
        let mut tasks = crate::Supervisor::new();
        tasks.spawn(
            "admin",
            admin.serve(readiness, || "a_total 1\n# EOF\n".to_owned()),
        );
        for path in ["/health", "/healthz"] {
            assert_eq!(
                ask(at, &format!("GET {path}")).await,
                ("200".to_owned(), "ok\n".to_owned())
            );
        }
        let (status, body) = ask(at, "GET /readyz").await;
        assert_eq!(
            (&*status, &*body),
            ("503", "not yet: configured\nnot yet: listening\n")
        );
        configured.open();
        assert_eq!(ask(at, "GET /readyz").await.1, "not yet: listening\n");
        listening.open();
        assert_eq!(ask(at, "GET /readyz").await.0, "200");
        assert_eq!(ask(at, "GET /metrics").await.1, "a_total 1\n# EOF\n");
        assert_eq!(ask(at, "GET /").await.0, "404");
        assert_eq!(ask(at, "POST /readyz").await.0, "405");
        listening.shut();
        assert_eq!(
            ask(at, "HEAD /readyz").await,
            ("503".to_owned(), String::new())
        );
    }

    #[test]
    fn who_has_the_most_connections_loses_the_oldest() {
        let from = |last: &[u8]| -> Vec<IpAddr> {
            last.iter().map(|n| IpAddr::from([10, 0, 0, *n])).collect()
        };
        assert_eq!(least_missed(&from(&[1, 2, 3, 2, 3, 3])), Some(2));
        assert_eq!(least_missed(&from(&[1, 2, 3])), Some(0));
        assert_eq!(least_missed(&[]), None);
    }

    #[tokio::test]
    async fn silent_connections_keep_no_probe_waiting() {
        let admin = Admin::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let at = admin.address().unwrap();
        let mut tasks = crate::Supervisor::new();
        tasks.spawn("admin", admin.serve(Readiness::new(), String::new));
        let mut silent = Vec::new();
        for _ in 0..MAX_CONNECTIONS * 2 {
            silent.push(TcpStream::connect(at).await.unwrap());
        }
        assert_eq!(ask(at, "GET /healthz").await.0, "200");
        // The newest are still there, the oldest are not.
        let mut byte = [0; 1];
        assert_eq!(silent[0].read(&mut byte).await.unwrap_or(0), 0);
        let last = silent.last_mut().unwrap();
        last.write_all(b"GET /healthz HTTP/1.1\r\nhost: pod\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(last.read(&mut byte).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_named() {
        let first = Admin::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let at = first.address().unwrap();
        let error = Admin::bind(at).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot listen on {at}: ")),
            "{error}"
        );
    }
}
