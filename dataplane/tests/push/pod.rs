//! A data plane in this process, driven by an operator, and a client of its port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use sluice_dataplane::access_log::AccessLog;
use sluice_dataplane::serve::Server;
use sluice_dataplane::sync::{self, Delays, Driver};
use sluice_dataplane::{Gateway, Settings, Shared};
use sluice_process::Readiness;
use sluice_vocab::GatewayKey;

pub(crate) struct Pod {
    pub(crate) files: Files,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) readiness: Readiness,
    pub(crate) metrics: Arc<sync::Metrics>,
    pub(crate) shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

/// What is mounted.
pub(crate) struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new(ca: &str, token: &str) -> Self {
        let files = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        files.set_ca(ca);
        files.set_token(token);
        files
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn set_ca(&self, pem: &str) {
        std::fs::write(self.path("ca.crt"), pem).unwrap();
    }

    pub(crate) fn set_token(&self, token: &str) {
        std::fs::write(self.path("token"), format!("{token}\n")).unwrap();
    }
}

impl Pod {
    pub(crate) fn start(files: Files, operator: SocketAddr) -> Self {
        Self::with(files, operator, |_| ())
    }

    pub(crate) fn with(
        files: Files,
        operator: SocketAddr,
        edit: impl FnOnce(&mut sync::Settings),
    ) -> Self {
        let settings = Settings {
            workers: 2,
            status_on_traffic: false,
            ..Settings::default()
        };
        let shared = Shared::new(settings, AccessLog::off());
        let gateway = Gateway::new(shared.clone());
        let readiness = Readiness::new();
        let mut settings = sync::Settings {
            operator: operator.to_string().parse().unwrap(),
            ca_file: files.path("ca.crt"),
            token_file: files.path("token"),
            credentials_max_age: Duration::from_secs(3600),
            bind: [127, 0, 0, 1].into(),
            port_offset: 10_000,
            delays: Delays {
                first: Duration::from_millis(10),
                longest: Duration::from_millis(50),
                renewal: Duration::from_millis(100),
            },
        };
        edit(&mut settings);
        let key = GatewayKey {
            namespace: "default".into(),
            name: "edge".into(),
        };
        let server = Server::start(shared.clone()).unwrap();
        let mut driver = Driver::new(
            settings,
            (key, "uid-1".into()),
            gateway.clone(),
            server,
            &readiness,
        );
        let metrics = driver.metrics();
        let task = tokio::spawn(async move { drop(driver.run().await) });
        Self {
            files,
            gateway,
            readiness,
            metrics,
            shared,
            task,
        }
    }

    pub(crate) fn version(&self) -> sluice_snapshot::Version {
        self.gateway.version()
    }

    pub(crate) fn metric(&self, name: &str) -> String {
        let text = self.metrics.encode(&self.shared);
        let line = text
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit_once(' ').unwrap().1.to_owned()
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A token that expires in so many seconds.
pub(crate) fn mk_token(name: &str, expires_in: u64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = format!(r#"{{"exp":{},"sub":"{name}"}}"#, now + expires_in);
    format!(
        "e30.{}.sig",
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims)
    )
}

pub(crate) const CHAT: &str =
    r#"{"model":"gpt-4","messages":[{"role":"user","content":"Hello!"}]}"#;
pub(crate) const CHAT_STREAM: &str =
    r#"{"model":"gpt-4","stream":true,"messages":[{"role":"user","content":"Hello!"}]}"#;

/// A chat on a connection of its own.
pub(crate) async fn post(port: u16, body: &'static str, fault: &str) -> Response<Incoming> {
    let request = Request::post("/v1/chat/completions").header("x-mock-fault", fault);
    send(port, request.body(Full::from(body)).unwrap()).await
}

pub(crate) async fn get(port: u16, path: &str) -> (u16, String) {
    let response = send(port, Request::get(path).body(Full::default()).unwrap()).await;
    let status = response.status().as_u16();
    (status, text(response).await)
}

async fn send(port: u16, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    let (mut http, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    request
        .headers_mut()
        .insert("host", http::HeaderValue::from_static("gateway"));
    http.send_request(request).await.unwrap()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    )
    .unwrap()
}

/// What the double says to a chat, and the status.
pub(crate) async fn chat(port: u16) -> (u16, String) {
    let response = post(port, CHAT, "").await;
    let status = response.status().as_u16();
    (status, text(response).await)
}
