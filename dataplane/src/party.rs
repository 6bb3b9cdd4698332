//! Who shares memory and threads with whom: a caller who is known, else everybody behind one address.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// What counts together.
#[derive(Debug)]
pub(crate) struct Party {
    /// Bytes of the memory for bodies.
    held: AtomicUsize,
    /// Turns to do slow work.
    pub(crate) turns: Semaphore,
}

impl Party {
    /// Holds nothing yet. One that has the machine's cores busy waits, and others don't.
    pub(crate) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Self {
            held: AtomicUsize::new(0),
            turns: Semaphore::new(cores),
        })
    }

    /// Bytes that it holds.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) fn took(&self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn gave(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// By what a party is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A set of keys, and the caller's name in it.
    Caller(Arc<str>, Arc<str>),
    /// See [`Who::at`].
    Address(IpAddr),
}

impl Who {
    /// Whoever calls from there. Of IPv6 the network: a single host has a whole one to itself (RFC 6177).
    pub(crate) fn at(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_party_and_a_mapped_address_is_itself() {
        let at = |text: &str| Who::at(text.parse().unwrap());
        assert_eq!(at("2001:db8:0:1::1"), at("2001:db8:0:1:ffff::2"));
        assert_ne!(at("2001:db8:0:1::1"), at("2001:db8:0:2::1"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.1"), at("10.0.0.2"));
    }
}
