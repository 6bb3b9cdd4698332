//! The admin port: probes and metrics, apart from the traffic.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::readiness::Readiness;
use crate::task;

/// Connections at once; more wait.
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
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else {
                return Ok(());
            };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let pages = pages.clone();
                    task::spawn("admin connection", async move {
                        // Whoever asks and doesn't listen has no answer coming.
                        let _ = tokio::time::timeout(PATIENCE, answer(stream, pages)).await;
                        drop(slot);
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
