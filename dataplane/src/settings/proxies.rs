//! HTTP proxies: which one, and when none. As curl reads the environment.

use std::net::IpAddr;
use std::sync::Arc;

/// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxySettings {
    https: Option<Arc<str>>,
    http: Option<Arc<str>>,
    none: Vec<String>,
}

impl ProxySettings {
    /// From the variables of a process; `get` looks one up. As with curl, `HTTP_PROXY` counts in lower case only, since a
    /// CGI's clients can set the other.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name: &str| {
            get(&name.to_ascii_lowercase())
                .or_else(|| get(name))
                .filter(|v| !v.trim().is_empty())
        };
        Self {
            https: var("HTTPS_PROXY")
                .or_else(|| var("ALL_PROXY"))
                .map(Into::into),
            http: get("http_proxy")
                .filter(|v| !v.trim().is_empty())
                .map(Into::into),
            none: var("NO_PROXY")
                .map(|v| {
                    v.split(',')
                        .map(|p| p.trim().to_ascii_lowercase())
                        .filter(|p| !p.is_empty())
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    /// The proxy for a host, if any.
    pub(crate) fn for_host(&self, host: &str, tls: bool) -> Option<Arc<str>> {
        let proxy = if tls { &self.https } else { &self.http };
        proxy
            .clone()
            .filter(|_| !self.is_excepted(&host.to_ascii_lowercase()))
    }

    fn is_excepted(&self, host: &str) -> bool {
        let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        self.none.iter().any(|pattern| {
            if pattern == "*" || pattern == host {
                return true;
            }
            match (address, pattern.split_once('/')) {
                (Some(address), Some((net, bits))) => in_network(address, net, bits),
                (Some(_), None) => false,
                (None, _) => {
                    let suffix = pattern.trim_start_matches('*').trim_start_matches('.');
                    host == suffix || host.strip_suffix(suffix).is_some_and(|h| h.ends_with('.'))
                }
            }
        })
    }
}

fn in_network(address: IpAddr, net: &str, bits: &str) -> bool {
    let Ok(bits) = bits.parse::<u32>() else {
        return false;
    };
    match (address, net.parse()) {
        (IpAddr::V4(a), Ok(IpAddr::V4(n))) if bits <= 32 => {
            let shift = 32 - bits;
            a.to_bits().checked_shr(shift).unwrap_or(0)
                == n.to_bits().checked_shr(shift).unwrap_or(0)
        }
        (IpAddr::V6(a), Ok(IpAddr::V6(n))) if bits <= 128 => {
            let shift = 128 - bits;
            a.to_bits().checked_shr(shift).unwrap_or(0)
                == n.to_bits().checked_shr(shift).unwrap_or(0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &'static [(&'static str, &'static str)]) -> ProxySettings {
        ProxySettings::from_env(|name| {
            pairs
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let s = settings(&[
            ("HTTPS_PROXY", "http://p:1"),
            ("HTTP_PROXY", "http://evil"),
            ("no_proxy", "internal, .corp.example,10.0.0.0/8"),
        ]);
        assert_eq!(
            s.for_host("api.openai.com", true).as_deref(),
            Some("http://p:1")
        );
        for host in [
            "internal",
            "a.internal",
            "x.corp.example",
            "corp.example",
            "10.1.2.3",
        ] {
            assert_eq!(s.for_host(host, true), None, "{host}");
        }
        assert!(s.for_host("notinternal", true).is_some());
        assert!(s.for_host("11.1.2.3", true).is_some());
        assert_eq!(s.for_host("api.openai.com", false), None);
    }
}
