use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that systems hand out to whoever asks for any (from 32768 on Linux, from 49152 elsewhere), below the node ports of
/// Kubernetes (from 30000), and above what servers are known by.
const FIRST: u32 = 20_000;
const COUNT: u32 = 10_000;

/// A port of loopback that nobody has, for what has to know its port before it listens.
///
/// A port that the system has handed out and got back it may hand out again, to the next double that binds any port or as the
/// local end of a connection. These it never hands out, and this process gives each of them once.
///
/// # Panics
/// When not one of the ports is free.
#[expect(
    clippy::expect_used,
    reason = "a test has nothing to do about it, and its machine more than one fault"
)]
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Other processes begin elsewhere.
    let start = std::process::id().wrapping_mul(131);
    (0..COUNT)
        .find_map(|_| {
            let step = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
            let port = u16::try_from(FIRST + step % COUNT).ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
            Some(port)
        })
        .expect("no port of loopback is free")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice_or_handed_out_by_the_system() {
        let ports: Vec<u16> = (0..500).map(|_| free_port()).collect();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len());
        assert!(ports.iter().all(|p| (20_000..30_000).contains(p)));
    }

    #[test]
    fn a_port_that_is_taken_is_not_given() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).unwrap();
        let taken = taken.local_addr().unwrap().port();
        assert!((0..500).all(|_| free_port() != taken));
    }
}
