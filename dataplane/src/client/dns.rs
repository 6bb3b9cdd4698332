//! Names to addresses, with their time to live, and no thread blocked.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use hickory_resolver::TokioResolver;
use tokio::runtime::Handle;

/// Looks names up. The resolver keeps answers for as long as they are valid.
pub(super) struct Dns {
    /// Look-ups run here, and not on the worker that happens to ask first.
    runtime: Handle,
    resolver: OnceLock<TokioResolver>,
}

impl Dns {
    pub(super) fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            resolver: OnceLock::new(),
        }
    }

    /// A resolver that can't be made, as without a resolv.conf, is tried again next time.
    fn resolver(&self) -> Result<TokioResolver, String> {
        if let Some(resolver) = self.resolver.get() {
            return Ok(resolver.clone());
        }
        let _entered = self.runtime.enter();
        let builder = TokioResolver::builder_tokio().map_err(|e| e.to_string())?;
        let resolver = builder.build().map_err(|e| e.to_string())?;
        Ok(self.resolver.get_or_init(|| resolver).clone())
    }

    /// Addresses of a host, alternating between the families and beginning with IPv6 (RFC 8305, section 4).
    pub(super) async fn lookup(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(vec![
                SocketAddr::new([127, 0, 0, 1].into(), port),
                SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), port),
            ]);
        }
        let resolver = self.resolver()?;
        let host = host.to_owned();
        let answer = self
            .runtime
            .spawn(async move { resolver.lookup_ip(host).await });
        let answer = answer
            .await
            .map_err(|e| e.to_string())?
            .map_err(|e| e.to_string())?;
        let (mut v6, mut v4): (Vec<IpAddr>, Vec<IpAddr>) = answer.iter().partition(IpAddr::is_ipv6);
        v6.reverse();
        v4.reverse();
        let mut mixed = Vec::with_capacity(v4.len() + v6.len());
        while !(v4.is_empty() && v6.is_empty()) {
            mixed.extend(
                v6.pop()
                    .into_iter()
                    .chain(v4.pop())
                    .map(|ip| SocketAddr::new(ip, port)),
            );
        }
        Ok(mixed)
    }
}
