//! The socket that data planes dial: TLS with the operator's own authority.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures_util::Stream;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sluice_process::task;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authority::Leaf;

const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Handshakes at once; more wait to be accepted.
const HANDSHAKES: usize = 64;
/// Connections at once.
const CONNECTIONS: usize = 8_192;

/// The certificate that is shown, replaced while connections go on.
#[derive(Debug, Clone, Default)]
pub struct Certificate(Arc<RwLock<Option<Arc<CertifiedKey>>>>);

impl Certificate {
    /// Shows another from now on.
    ///
    /// # Errors
    /// When the key is none.
    pub fn replace(&self, leaf: Leaf) -> Result<(), rustls::Error> {
        let key = aws_lc_rs::sign::any_supported_type(&leaf.key)?;
        let chain: Vec<CertificateDer<'static>> = vec![leaf.certificate];
        let mut shown = self
            .0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *shown = Some(Arc::new(CertifiedKey::new(chain, key)));
        Ok(())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

/// An open socket.
pub struct Listener {
    socket: TcpListener,
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Opens the socket.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn bind(address: SocketAddr, certificate: Certificate) -> anyhow::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(certificate));
        config.alpn_protocols = vec![b"h2".to_vec()];
        let socket = TcpListener::bind(address).await.map_err(|error| {
            anyhow::anyhow!("cannot listen on {address} for data planes: {error}")
        })?;
        Ok(Self {
            socket,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system doesn't say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Connections whose handshake is done, and what accepts them: nothing comes unless it runs, and it runs for ever.
    pub(super) fn incoming(
        self,
    ) -> (
        impl Stream<Item = std::io::Result<Connection>>,
        impl Future<Output = ()>,
    ) {
        let (sender, connections) = mpsc::channel(HANDSHAKES);
        let connections = futures_util::stream::unfold(connections, |mut connections| async {
            connections
                .recv()
                .await
                .map(|connection| (Ok(connection), connections))
        });
        (connections, self.accept(sender))
    }

    async fn accept(self, sender: mpsc::Sender<Connection>) {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(slot) = connections.clone().acquire_owned().await else {
                return;
            };
            let Ok(turn) = handshakes.clone().acquire_owned().await else {
                return;
            };
            let (stream, peer) = tokio::select! {
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a data plane's connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = sender.closed() => return,
            };
            let (acceptor, sender) = (self.acceptor.clone(), sender.clone());
            task::spawn("handshake", async move {
                let _ = stream.set_nodelay(true);
                match tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => drop(
                        sender
                            .send(Connection {
                                stream,
                                _slot: slot,
                            })
                            .await,
                    ),
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
                }
                drop(turn);
            });
        }
    }
}

/// A connection whose handshake is done.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    _slot: tokio::sync::OwnedSemaphorePermit,
}

impl tonic::transport::server::Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

mod io {
    use std::io::Result;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Connection;

    impl AsyncRead for Connection {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<Result<()>> {
            Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
        }
    }

    impl AsyncWrite for Connection {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<Result<usize>> {
            Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            Pin::new(&mut self.get_mut().stream).poll_flush(cx)
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
            Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
        }
    }
}
