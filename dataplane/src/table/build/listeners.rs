//! Listener entries -> ports, and where on them a listener's routes go.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model;

use super::Diagnostic;
use crate::standing::Standing;
use crate::table::certificate::{Certificate, server_config};
use crate::table::{Listener, Matcher, Port, Secure};

/// Certificates by key; one that can't be used is left out, and was told.
pub(super) type Certificates = HashMap<EntryKey, Certificate>;

/// Where the routes of a listener go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// Listeners without TLS share their port's.
    Plain(u16),
    Secure(u16, usize),
}

#[derive(Debug, Default)]
pub(super) struct Listeners {
    pub(super) listeners: Vec<Listener>,
    ports: HashMap<u16, Port>,
    places: BTreeMap<String, Place>,
}

impl Listeners {
    pub(super) fn new(
        entries: Vec<(Listener, model::Listener)>,
        certificates: &Certificates,
        standing: &Standing,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut all = Self::default();
        for (listener, body) in entries {
            let result = match &body.tls {
                None => all.plain(&listener),
                Some(tls) => config(tls, certificates, standing)
                    .and_then(|config| all.secure(&listener, &body.hostname, config)),
            };
            match result {
                Ok(place) => {
                    all.places.insert(listener.key.as_str().to_owned(), place);
                    all.listeners.push(listener);
                }
                Err(message) => {
                    let (key, origin) = (listener.key, listener.origin);
                    diagnostics.push(Diagnostic {
                        key,
                        origin,
                        message,
                    });
                }
            }
        }
        all
    }

    fn plain(&mut self, listener: &Listener) -> Result<Place, String> {
        let port = self
            .ports
            .entry(listener.port)
            .or_insert_with(|| Port::Plain(Matcher::default()));
        match port {
            Port::Plain(_) => Ok(Place::Plain(listener.port)),
            Port::Secure(_) => Err(mixed(listener.port)),
        }
    }

    fn secure(
        &mut self,
        listener: &Listener,
        hostname: &str,
        config: Option<Arc<ServerConfig>>,
    ) -> Result<Place, String> {
        match self
            .ports
            .entry(listener.port)
            .or_insert_with(|| Port::Secure(Secure::default()))
        {
            Port::Plain(_) => Err(mixed(listener.port)),
            Port::Secure(secure) => Ok(Place::Secure(listener.port, secure.add(hostname, config))),
        }
    }

    /// The matchers of a route's listeners, each once.
    pub(super) fn each(&mut self, keys: &[String], mut attach: impl FnMut(&mut Matcher)) {
        let places: HashSet<Place> = keys
            .iter()
            .filter_map(|key| self.places.get(key))
            .copied()
            .collect();
        for place in places {
            let matcher = match place {
                Place::Plain(port) => match self.ports.get_mut(&port) {
                    Some(Port::Plain(matcher)) => Some(matcher),
                    _ => None,
                },
                Place::Secure(port, place) => match self.ports.get_mut(&port) {
                    Some(Port::Secure(secure)) => secure.matcher(place),
                    _ => None,
                },
            };
            matcher.into_iter().for_each(&mut attach);
        }
    }

    /// Call once when all routes are attached.
    pub(super) fn finish(mut self) -> (Vec<Listener>, HashMap<u16, Port>) {
        for port in self.ports.values_mut() {
            match port {
                Port::Plain(matcher) => matcher.sort(),
                Port::Secure(secure) => secure.sort(),
            }
        }
        (self.listeners, self.ports)
    }
}

fn mixed(port: u16) -> String {
    format!("port {port} has listeners with TLS and without: give one of them another port")
}

/// The one in use for the same certificates if there is one, so that clients can resume their sessions. Nothing without certificates: what is
/// wrong with them was said where they stand.
fn config(
    tls: &model::ListenerTls,
    certificates: &Certificates,
    standing: &Standing,
) -> Result<Option<Arc<ServerConfig>>, String> {
    let usable: Vec<Certificate> = tls
        .certificates
        .iter()
        .filter_map(|key| certificates.get(&EntryKey::from(key.as_str())))
        .cloned()
        .collect();
    if usable.is_empty() {
        return Ok(None);
    }
    let mut digest = Sha256::new();
    usable.iter().for_each(|c| digest.update(c.digest));
    standing
        .tls(digest.finalize().into(), || server_config(&usable))
        .map(Some)
}
