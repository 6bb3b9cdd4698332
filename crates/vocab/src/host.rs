//! Hosts as users write them.

use std::net::IpAddr;

/// Whether what is sent to a host never leaves the machine, as far as its name tells.
pub fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_address_is_this_machine() {
        for host in [
            "localhost",
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["localhost.example", "128.0.0.1", "::2", "example.com", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
