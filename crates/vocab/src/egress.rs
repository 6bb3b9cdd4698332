//! Which addresses a resource may lead to.
//!
//! Who writes an Upstream or a policy names hosts, and is not the one to whom the pod, the node or the cluster belongs. So what only
//! these may ask is refused, whatever name leads there, unless an administrator allows it: the pod itself, its node, the metadata
//! services of clouds, and the API server.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::host::is_this_machine;

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The machine itself.
    Loopback,
    /// The node, its metadata service, or an agent on it.
    LinkLocal,
    /// A cloud's metadata service.
    Metadata,
    /// The cluster's API server.
    ApiServer,
    /// No single machine.
    NoHost,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kept::Loopback => "an address of the machine itself",
            Kept::LinkLocal => {
                "a link-local address, such as those of metadata services and agents of the node"
            }
            Kept::Metadata => "the address of a cloud's metadata service",
            Kept::ApiServer => "the address of the API server",
            Kept::NoHost => "no address of a single machine",
        })
    }
}

/// Metadata services outside of the link-local networks: AWS' and Google's over IPv6, Alibaba's, Azure's wire server.
const METADATA: [IpAddr; 5] = [
    // AWS: the instance's own, and EKS' pod identity.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0023)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Networks in the notation of CIDR; an address alone is a network of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network: write a network such as 10.0.0.0/8 or fd00::/8, or an address")]
pub struct ParseNetworkError(String);

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseNetworkError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|b| *b <= most).ok_or_else(wrong)?,
            None => most,
        };
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Network {
    /// Whether an address is in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| {
            let shift = width - u32::from(self.bits).min(width);
            a.checked_shr(shift) == b.checked_shr(shift)
        };
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                same(u32::from(own).into(), u32::from(ip).into(), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => same(own.into(), ip.into(), 128),
            _ => false,
        }
    }
}

/// What an administrator says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Egress {
    /// Networks that are allowed whatever they are.
    pub allowed: Vec<Network>,
    /// Where the API server is.
    pub api_server: Vec<IpAddr>,
}

impl Egress {
    /// Why a resource may not lead to an address.
    ///
    /// # Errors
    /// What the address is, unless it is allowed.
    pub fn check(&self, ip: IpAddr) -> Result<(), Kept> {
        let ip = embedded(ip);
        match self.kept(ip) {
            Some(kept) if !self.allowed.iter().any(|network| network.contains(ip)) => Err(kept),
            _ => Ok(()),
        }
    }

    /// Why a resource may not lead to a host, where its name alone tells: an address, or the machine's own name.
    ///
    /// # Errors
    /// What it is, unless it is allowed.
    pub fn check_host(&self, host: &str) -> Result<(), Kept> {
        let bare = host.trim_matches(['[', ']']);
        match bare.parse() {
            Ok(ip) => self.check(ip),
            Err(_) if is_this_machine(bare) => {
                let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                let all: Vec<_> = both.into_iter().map(|ip| self.check(ip)).collect();
                all.iter()
                    .copied()
                    .find(Result::is_ok)
                    .unwrap_or(Err(Kept::Loopback))
            }
            Err(_) => Ok(()),
        }
    }

    fn kept(&self, ip: IpAddr) -> Option<Kept> {
        if self.api_server.contains(&ip) {
            return Some(Kept::ApiServer);
        }
        if METADATA.contains(&ip) {
            return Some(Kept::Metadata);
        }
        match ip {
            // Linux takes 0.0.0.0 for the machine itself.
            _ if ip.is_loopback() || ip.is_unspecified() => Some(Kept::Loopback),
            IpAddr::V4(ip) if ip.is_link_local() => Some(Kept::LinkLocal),
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Some(Kept::LinkLocal),
            _ if ip.is_multicast() => Some(Kept::NoHost),
            IpAddr::V4(ip) if ip.octets()[0] == 0 || ip.is_broadcast() => Some(Kept::NoHost),
            _ => None,
        }
    }
}

/// The IPv4 address in one of IPv6 that stands for it, by mapping (RFC 4291, section 2.5.5.2), by translation (RFC 6052, section 2.1) or by
/// 6to4 (RFC 3056): each would be another way to the same place.
fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // What is left of addresses that are compatible with IPv4, but for :: and ::1.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(egress: &Egress, ip: &str) -> Option<Kept> {
        egress.check(ip.parse().unwrap()).err()
    }

    #[test]
    fn what_is_not_the_authors_is_refused_in_every_spelling() {
        let egress = Egress {
            api_server: vec!["10.96.0.1".parse().unwrap()],
            ..Egress::default()
        };
        for (ip, why) in [
            ("127.0.0.1", Kept::Loopback),
            ("127.255.0.9", Kept::Loopback),
            ("0.0.0.0", Kept::Loopback),
            ("::1", Kept::Loopback),
            ("::", Kept::Loopback),
            ("::ffff:127.0.0.1", Kept::Loopback),
            ("169.254.169.254", Kept::LinkLocal),
            ("169.254.170.23", Kept::LinkLocal),
            ("::ffff:169.254.169.254", Kept::LinkLocal),
            ("64:ff9b::a9fe:a9fe", Kept::LinkLocal),
            ("2002:a9fe:a9fe::1", Kept::LinkLocal),
            ("::169.254.169.254", Kept::LinkLocal),
            ("fe80::1", Kept::LinkLocal),
            ("fd00:ec2::254", Kept::Metadata),
            ("fd00:ec2::23", Kept::Metadata),
            ("fd20:ce::254", Kept::Metadata),
            ("100.100.100.200", Kept::Metadata),
            ("168.63.129.16", Kept::Metadata),
            ("10.96.0.1", Kept::ApiServer),
            ("::ffff:10.96.0.1", Kept::ApiServer),
            ("224.0.0.1", Kept::NoHost),
            ("ff02::1", Kept::NoHost),
            ("255.255.255.255", Kept::NoHost),
            ("0.1.2.3", Kept::NoHost),
        ] {
            assert_eq!(kept(&egress, ip), Some(why), "{ip}");
        }
    }

    #[test]
    fn services_and_the_world_are_anybodys() {
        for ip in [
            "10.96.0.2",
            "192.168.1.1",
            "8.8.8.8",
            "100.64.0.1",
            "fd00::1",
            "2606:4700::1111",
            "64:ff9b::808:808",
        ] {
            assert_eq!(kept(&Egress::default(), ip), None, "{ip}");
        }
    }

    #[test]
    fn an_administrator_allows_networks() {
        let allowed = ["127.0.0.0/8", "::1", "169.254.20.10"].map(|n| n.parse().unwrap());
        let egress = Egress {
            allowed: allowed.to_vec(),
            ..Egress::default()
        };
        for ip in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.20.10"] {
            assert_eq!(kept(&egress, ip), None, "{ip}");
        }
        assert_eq!(kept(&egress, "169.254.169.254"), Some(Kept::LinkLocal));
        assert_eq!(kept(&egress, "fe80::1"), Some(Kept::LinkLocal));
    }

    #[test]
    fn networks_are_compared_by_their_bits() {
        for (network, ip, is_in) in [
            ("0.0.0.0/0", "9.9.9.9", true),
            ("::/0", "fe80::1", true),
            ("::/0", "9.9.9.9", false),
            ("10.0.0.0/9", "10.127.0.1", true),
            ("10.0.0.0/9", "10.128.0.1", false),
            ("fe80::/10", "febf::1", true),
            ("fe80::/10", "fec0::1", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(ip.parse().unwrap()),
                is_in,
                "{network} {ip}"
            );
        }
        for text in ["", "x", "10.0.0.0/33", "10.0.0.0/", "::/129", "localhost"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
