//! One connection to an operator replica: TLS to a name that is always the same, and HTTP/2 over it.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sluice_process::task;
use sluice_proto::SERVER_NAME;
use tokio_rustls::TlsConnector;
use tonic::body::Body;
use tonic::codegen::Service;

use super::Address;
use crate::client::{Client, ConnectError};

/// For TLS and HTTP/2, once there is a connection.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The other side is asked whether it is there when it was silent for so long …
const KEEPALIVE: Duration = Duration::from_secs(20);
/// … and has so long to answer.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
const ALPN: &[u8] = b"h2";

/// What tonic's clients send requests on. One connection, which is never made anew: whoever loses it opens another link.
#[derive(Clone)]
pub(super) struct Link {
    http: http2::SendRequest<Body>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the CA bundle {path} {what}")]
    Bundle { path: String, what: String },
    #[error("TLS with {peer}: {what}")]
    Tls { peer: SocketAddr, what: String },
    #[error("HTTP/2 with {peer}: {error}")]
    Http {
        peer: SocketAddr,
        error: hyper::Error,
    },
    #[error("{peer} did not finish the handshake in time")]
    Slow { peer: SocketAddr },
}

impl Link {
    /// Connects to any of the addresses that the name has now, and says which.
    pub(super) async fn open(
        client: &Client,
        address: &Address,
        ca_file: &Path,
    ) -> Result<(Self, SocketAddr), LinkError> {
        let tls = tls(ca_file)?;
        let tcp = client.dial(&address.host, address.port).await?;
        let peer = tcp
            .peer_addr()
            .unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], address.port)));
        let shaking = tokio::time::timeout(HANDSHAKE, shake(tls, tcp, peer));
        let http = shaking.await.map_err(|_| LinkError::Slow { peer })??;
        Ok((Self { http }, peer))
    }

    /// What requests say they are for.
    pub(super) fn origin() -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(http::uri::Scheme::HTTPS);
        parts.authority = Some(http::uri::Authority::from_static(SERVER_NAME));
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
        Uri::from_parts(parts).unwrap_or_default()
    }
}

impl Service<Request<Body>> for Link {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.http.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.http.send_request(request))
    }
}

async fn shake(
    tls: Arc<ClientConfig>,
    tcp: tokio::net::TcpStream,
    peer: SocketAddr,
) -> Result<http2::SendRequest<Body>, LinkError> {
    let wrong = |what: String| LinkError::Tls { peer, what };
    let name = ServerName::try_from(SERVER_NAME).map_err(|e| wrong(e.to_string()))?;
    let stream = TlsConnector::from(tls)
        .connect(name, tcp)
        .await
        .map_err(|e| wrong(e.to_string()))?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err(wrong("it speaks no HTTP/2".to_owned()));
    }
    let (http, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| LinkError::Http { peer, error })?;
    // It ends with the last of the streams and handles; how, these say.
    task::spawn("connection to the operator", async move {
        drop(connection.await)
    });
    Ok(http)
}

/// Trusts the bundle as it is now, and nothing else.
fn tls(ca_file: &Path) -> Result<Arc<ClientConfig>, LinkError> {
    let wrong = |what: String| LinkError::Bundle {
        path: ca_file.display().to_string(),
        what,
    };
    let pem = std::fs::read(ca_file).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| wrong(format!("is no PEM: {e}")))?;
        roots
            .add(certificate)
            .map_err(|e| wrong(format!("has an unusable certificate: {e}")))?;
    }
    if roots.is_empty() {
        return Err(wrong("holds no certificate".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}
