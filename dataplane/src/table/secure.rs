//! Listeners with TLS that share a port, told apart by the name that a client asks for.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use rustls::ServerConfig;

use super::Matcher;
use super::matcher::without_port;

/// The listeners of one port, by their host names.
#[derive(Debug, Default)]
pub(crate) struct Secure {
    listeners: Vec<SecureListener>,
    exact: HashMap<String, usize>,
    /// By what follows the `*`, the longest first.
    wildcard: Vec<(String, usize)>,
    any: Option<usize>,
}

#[derive(Debug)]
struct SecureListener {
    matcher: Matcher,
    /// Without one, nobody is let in.
    config: Option<Arc<ServerConfig>>,
}

/// Why a request is not served on the connection that it came by (RFC 9110, section 15.5.20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotHere {
    /// Another listener takes its host: the client has to connect anew, with that name.
    Misdirected,
    /// No listener does.
    UnknownHost,
}

impl Secure {
    /// A listener; of two with one host name the first counts. Gives its place.
    pub(super) fn add(&mut self, hostname: &str, config: Option<Arc<ServerConfig>>) -> usize {
        let place = self.listeners.len();
        self.listeners.push(SecureListener {
            matcher: Matcher::default(),
            config,
        });
        match hostname.strip_prefix('*') {
            _ if hostname.is_empty() => {
                self.any.get_or_insert(place);
            }
            None => {
                self.exact.entry(hostname.to_owned()).or_insert(place);
            }
            Some(suffix) => self.wildcard.push((suffix.to_owned(), place)),
        }
        place
    }

    /// Where the routes of a listener go.
    pub(super) fn matcher(&mut self, place: usize) -> Option<&mut Matcher> {
        self.listeners.get_mut(place).map(|l| &mut l.matcher)
    }

    /// Call once when all is added.
    pub(super) fn sort(&mut self) {
        self.wildcard
            .sort_by_key(|(suffix, place)| (Reverse(suffix.len()), *place));
        self.listeners.iter_mut().for_each(|l| l.matcher.sort());
    }

    /// What a client that asks for this name is shown; nothing when it is to be refused.
    pub(crate) fn config(&self, server_name: Option<&str>) -> Option<Arc<ServerConfig>> {
        self.listeners.get(self.place(server_name)?)?.config.clone()
    }

    /// The routes for a request to `host` (with or without a port) on a connection for `server_name`: the name of the handshake and the
    /// request's own have to lead to one listener.
    pub(crate) fn routes(
        &self,
        server_name: Option<&str>,
        host: &str,
    ) -> Result<&Matcher, NotHere> {
        let wanted = self
            .place(Some(without_port(host)))
            .ok_or(NotHere::UnknownHost)?;
        if self.place(server_name) != Some(wanted) {
            return Err(NotHere::Misdirected);
        }
        self.listeners
            .get(wanted)
            .map(|l| &l.matcher)
            .ok_or(NotHere::UnknownHost)
    }

    /// The most specific.
    fn place(&self, name: Option<&str>) -> Option<usize> {
        let Some(name) = name.map(str::to_ascii_lowercase) else {
            return self.any;
        };
        let wildcard = || {
            self.wildcard
                .iter()
                .find(|(suffix, _)| name.len() > suffix.len() && name.ends_with(suffix))
        };
        self.exact
            .get(&name)
            .copied()
            .or_else(|| wildcard().map(|(_, place)| *place))
            .or(self.any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk(names: &[&str]) -> Secure {
        let mut secure = Secure::default();
        for name in names {
            secure.add(name, None);
        }
        secure.sort();
        secure
    }

    #[test]
    fn the_most_specific_name_wins() {
        let secure = mk(&["", "*.example.com", "a.example.com", "*.b.example.com"]);
        for (name, place) in [
            (None, 0),
            (Some("other.org"), 0),
            (Some("example.com"), 0),
            (Some("x.example.com"), 1),
            (Some("A.example.com"), 2),
            (Some("x.a.example.com"), 1),
            (Some("x.b.example.com"), 3),
        ] {
            assert_eq!(secure.place(name), Some(place), "{name:?}");
        }
        assert_eq!(mk(&["a.example.com"]).place(None), None);
    }

    #[test]
    fn a_request_belongs_to_the_listener_of_its_handshake() {
        let secure = mk(&["*.example.com", "a.example.com", "b.org"]);
        for (server_name, host, outcome) in [
            ("x.example.com", "x.example.com:443", None),
            ("x.example.com", "y.example.com", None),
            ("x.example.com", "a.example.com", Some(NotHere::Misdirected)),
            ("a.example.com", "x.example.com", Some(NotHere::Misdirected)),
            ("a.example.com", "b.org", Some(NotHere::Misdirected)),
            ("a.example.com", "c.org", Some(NotHere::UnknownHost)),
            ("a.example.com", "", Some(NotHere::UnknownHost)),
        ] {
            assert_eq!(
                secure.routes(Some(server_name), host).err(),
                outcome,
                "{server_name} {host}"
            );
        }
        assert_eq!(
            secure.routes(None, "b.org").err(),
            Some(NotHere::Misdirected)
        );
    }
}
