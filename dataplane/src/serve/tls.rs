//! TLS with clients.

use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::table::{Secure, refusing};

/// A connection after its handshake.
pub(super) struct Accepted {
    pub(super) stream: TlsStream<TcpStream>,
    /// What the client asked for, in lower case.
    pub(super) server_name: Option<Arc<str>>,
    pub(super) is_http2: bool,
}

/// Shakes hands as the listener that the client asks for; nothing when that fails.
pub(super) async fn accept(secure: &Secure, stream: TcpStream) -> Option<Accepted> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream)
        .await
        .ok()?;
    let server_name = start
        .client_hello()
        .server_name()
        .map(|name| Arc::from(name.to_ascii_lowercase()));
    let config = secure.config(server_name.as_deref()).or_else(refusing)?;
    let stream = start.into_stream(config).await.ok()?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Some(Accepted {
        stream,
        server_name,
        is_http2,
    })
}
