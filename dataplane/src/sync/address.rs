//! Where an operator is.

use std::fmt;
use std::str::FromStr;

/// A host, by name or number, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

/// The text is no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it must be HOST:PORT, such as sluice-operator.sluice-system.svc:9443 or [fd00::1]:9443")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (host, port) = text.rsplit_once(':').ok_or(AddressError)?;
        let port = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or(AddressError)?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let is_host =
            |h: &str| !h.is_empty() && h.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
        match bare {
            Some(v6) if v6.parse::<std::net::Ipv6Addr>().is_ok() => Ok(Self {
                host: v6.to_owned(),
                port,
            }),
            None if is_host(host) && !host.contains([':', '[', ']', '@']) => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            _ => Err(AddressError),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port() {
        for text in [
            "operator:9443",
            "a.b.svc:1",
            "10.0.0.1:9443",
            "[fd00::1]:9443",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "operator",
            ":1",
            "operator:0",
            "operator:x",
            "fd00::1:1",
            "https://a:1",
            "[a]:1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
