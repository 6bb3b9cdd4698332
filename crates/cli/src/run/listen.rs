//! Addresses to listen on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, bail};

/// `:8080` for every address of the machine, `127.0.0.1:8080`, `[::1]:8080`, or a port alone.
pub(crate) fn parse(text: &str) -> anyhow::Result<SocketAddr> {
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        return Ok(any(port));
    }
    if let Some(port) = text.strip_prefix("localhost:") {
        let port = port
            .parse()
            .with_context(|| format!("{port:?} is no port"))?;
        return Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
    }
    match text.parse() {
        Ok(address) => Ok(address),
        Err(_) => {
            bail!("{text:?} is no address to listen on: write :8080, 127.0.0.1:8080 or [::1]:8080")
        }
    }
}

/// Every address of the machine, of both families where there are both.
pub(crate) fn any(port: u16) -> SocketAddr {
    let both = std::net::TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok();
    let ip: IpAddr = if both {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    SocketAddr::new(ip, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spellings_are_understood() {
        assert_eq!(parse(":8080").unwrap().port(), 8080);
        assert!(parse("8080").unwrap().ip().is_unspecified());
        assert_eq!(parse("127.0.0.1:1").unwrap().to_string(), "127.0.0.1:1");
        assert_eq!(parse("localhost:1").unwrap().to_string(), "127.0.0.1:1");
        assert!(parse("[::1]:1").is_ok());
        for text in ["", ":", "x", "example.com:80", ":99999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
