//! New connections: names, several addresses at once, proxies, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustls::ClientConfig;
use sluice_vocab::Egress;
use sluice_vocab::egress::Kept;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::dns::Dns;
use super::{Proxy, Target, Whose, proxy, tls};
use crate::settings::ProxySettings;

/// How long one address may be alone before the next is tried too (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Longest answer that is read from a proxy.
const MAX_PROXY_HEAD: usize = 8 << 10;

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name has no address.
    #[error("{host} cannot be resolved: {error}")]
    Name { host: String, error: String },
    /// The name leads only where no resource may.
    #[error(
        "{host} leads to {address}, {kept}: an administrator may allow it with dataPlane.egressAllow, --egress-allow"
    )]
    Kept {
        host: String,
        address: IpAddr,
        kept: Kept,
    },
    /// No address answered.
    #[error("{address}: {error}")]
    Tcp { address: String, error: io::Error },
    /// The proxy refused, or is none.
    #[error("proxy: {0}")]
    Proxy(String),
    /// The other side could not prove who it is, or speaks no TLS.
    #[error("TLS with {host}: {error}")]
    Tls { host: String, error: String },
    /// It took too long.
    #[error("no connection within {0:?}")]
    Timeout(Duration),
}

/// A connection, ready for HTTP.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) struct Connector {
    dns: Dns,
    proxies: ProxySettings,
    timeout: Duration,
    egress: Option<Egress>,
}

impl Connector {
    /// Names are looked up on the runtime that this is called from.
    pub(super) fn new(timeout: Duration, proxies: ProxySettings, egress: Option<Egress>) -> Self {
        Self {
            dns: Dns::new(tokio::runtime::Handle::current()),
            proxies,
            timeout,
            egress,
        }
    }

    pub(super) async fn connect(
        &self,
        target: &Target,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Stream, ConnectError> {
        let connecting = self.connect_unbounded(target, tls);
        tokio::time::timeout(self.timeout, connecting)
            .await
            .map_err(|_| ConnectError::Timeout(self.timeout))?
    }

    async fn connect_unbounded(
        &self,
        target: &Target,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Stream, ConnectError> {
        let via = match &target.proxy {
            Proxy::Direct => None,
            Proxy::Url(url) => Some(url.clone()),
            Proxy::Environment => self.proxies.for_host(&target.host, target.tls.is_some()),
        };
        let egress = match target.whose {
            Whose::Author => self.egress.as_ref(),
            Whose::Own => None,
        };
        let tcp = match via {
            None => self.tcp(&target.host, target.port, egress).await?,
            Some(url) => {
                // What a proxy makes of a name is for the proxy to know; what is certain without is not for it to ask.
                if let Some(egress) = egress {
                    certain(&target.host, egress)?;
                }
                // The environment's proxy is the administrator's.
                let own = matches!(target.proxy, Proxy::Environment);
                self.through(&url, target, egress.filter(|_| !own)).await?
            }
        };
        let (Some(tls), Some(config)) = (&target.tls, tls) else {
            return Ok(Stream::Plain(tcp));
        };
        let name = if tls.server_name.is_empty() {
            &target.host
        } else {
            &tls.server_name
        };
        let wrong = |error: String| ConnectError::Tls {
            host: name.to_string(),
            error,
        };
        let server_name = tls::server_name(name).map_err(|e| wrong(e.to_string()))?;
        let stream = TlsConnector::from(config.clone())
            .connect(server_name, tcp)
            .await
            .map_err(|e| wrong(e.to_string()))?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    /// A bare connection to any of a name's addresses, so that many who ask are spread over them.
    pub(super) async fn any(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let connecting = self.tcp_by(host, port, None, |addresses| {
            for i in (1..addresses.len()).rev() {
                addresses.swap(i, (crate::random::number() % (i as u64 + 1)) as usize);
            }
        });
        tokio::time::timeout(self.timeout, connecting)
            .await
            .map_err(|_| ConnectError::Timeout(self.timeout))?
    }

    async fn tcp(
        &self,
        host: &str,
        port: u16,
        egress: Option<&Egress>,
    ) -> Result<TcpStream, ConnectError> {
        self.tcp_by(host, port, egress, |_| ()).await
    }

    async fn tcp_by(
        &self,
        host: &str,
        port: u16,
        egress: Option<&Egress>,
        order: impl FnOnce(&mut [SocketAddr]),
    ) -> Result<TcpStream, ConnectError> {
        let no_name = |error| ConnectError::Name {
            host: host.to_owned(),
            error,
        };
        let mut addresses = self.dns.lookup(host, port).await.map_err(no_name)?;
        // Looked at after the look-up, and connected to as they were looked at: a name that leads elsewhere a moment later changes nothing.
        if let Some(egress) = egress {
            addresses = allowed(host, addresses, egress)?;
        }
        order(&mut addresses);
        let stream = race(&addresses).await.map_err(|error| match error {
            Some((address, error)) => ConnectError::Tcp {
                address: address.to_string(),
                error,
            },
            None => no_name("it has no address".to_owned()),
        })?;
        // Small writes go out at once; an error here means that the connection is gone, and the first write will say so.
        let _ = stream.set_nodelay(true);
        keep_alive(&stream);
        Ok(stream)
    }

    /// A tunnel through an HTTP proxy (RFC 9110, section 9.3.6), for plain upstreams as well.
    async fn through(
        &self,
        url: &str,
        target: &Target,
        egress: Option<&Egress>,
    ) -> Result<TcpStream, ConnectError> {
        let wrong = |what: &str| ConnectError::Proxy(what.to_owned());
        let (host, port, login) =
            proxy::parse(url).ok_or_else(|| wrong("the URL must look like http://HOST:PORT"))?;
        let mut stream = self.tcp(&host, port, egress).await?;
        let is_v6 = target.host.contains(':');
        let name = if is_v6 {
            format!("[{}]", target.host)
        } else {
            target.host.to_string()
        };
        let authority = format!("{name}:{}", target.port);
        let login = login.map_or(String::new(), |login| {
            format!(
                "Proxy-Authorization: Basic {}\r\n",
                base64::engine::general_purpose::STANDARD.encode(login)
            )
        });
        let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{login}\r\n");
        let broken = |e: io::Error| ConnectError::Proxy(format!("{host}:{port}: {e}"));
        stream.write_all(head.as_bytes()).await.map_err(broken)?;
        let mut answer = Vec::with_capacity(256);
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() > MAX_PROXY_HEAD {
                return Err(wrong("the answer's head is too long"));
            }
            answer.push(stream.read_u8().await.map_err(broken)?);
        }
        let status = answer.split(|b| *b == b' ').nth(1).unwrap_or_default();
        if status.first() != Some(&b'2') {
            return Err(ConnectError::Proxy(format!(
                "{host}:{port} refused with {}",
                String::from_utf8_lossy(status)
            )));
        }
        Ok(stream)
    }
}

/// Those of a name's addresses that a resource may lead to; an error when there are others only.
fn allowed(
    host: &str,
    addresses: Vec<SocketAddr>,
    egress: &Egress,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let mut first = None;
    let mut allowed = addresses;
    allowed.retain(|address| match egress.check(address.ip()) {
        Ok(()) => true,
        Err(kept) => {
            first.get_or_insert((address.ip(), kept));
            false
        }
    });
    match first {
        Some((address, kept)) if allowed.is_empty() => Err(ConnectError::Kept {
            host: host.to_owned(),
            address,
            kept,
        }),
        _ => Ok(allowed),
    }
}

/// What a host's name alone tells.
fn certain(host: &str, egress: &Egress) -> Result<(), ConnectError> {
    egress.check_host(host).map_err(|kept| ConnectError::Kept {
        host: host.to_owned(),
        address: host
            .parse()
            .unwrap_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)),
        kept,
    })
}

/// The first of several addresses that answers; a new one is tried when one fails, or is slow.
async fn race(addresses: &[SocketAddr]) -> Result<TcpStream, Option<(SocketAddr, io::Error)>> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut last = None;
    let attempt = |address: SocketAddr| async move {
        TcpStream::connect(address).await.map_err(|e| (address, e))
    };
    attempts.extend(waiting.next().map(attempt));
    loop {
        tokio::select! {
            done = attempts.next() => match done {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => {
                    last = Some(error);
                    attempts.extend(waiting.next().map(attempt));
                }
                None => return Err(last),
            },
            () = tokio::time::sleep(ATTEMPT_DELAY), if waiting.len() > 0 => attempts.extend(waiting.next().map(attempt)),
        }
    }
}

/// Asks the kernel to notice a peer that vanished without a word.
fn keep_alive(stream: &TcpStream) {
    let options = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10));
    // Without it, a dead connection is found by timeouts, later.
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&options);
}

#[cfg(test)]
mod tests;
