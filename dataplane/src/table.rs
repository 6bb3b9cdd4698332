//! What a request walks: immutable, built from a snapshot off the traffic threads, taken once per request.

mod asker;
mod build;
mod certificate;
mod matcher;
mod plan;
mod secure;
mod upstream;

use std::collections::HashMap;
use std::sync::Arc;

use sluice_llm::Wire;
use sluice_snapshot::{EntryKey, Version, model};

pub(crate) use asker::Asker;
pub use build::Diagnostic;
pub(crate) use build::build;
pub(crate) use certificate::refusing;
pub(crate) use matcher::{Matched, Matcher, query_value};
pub(crate) use plan::{Authn, Known, Plan};
pub(crate) use secure::{NotHere, Secure};
pub(crate) use upstream::{Auth, Leaf, Node, Resolution, Unresolved};

use crate::client::Pool;

/// All that one Gateway serves.
#[derive(Debug)]
pub struct Table {
    pub(crate) version: Version,
    pub(crate) listeners: Vec<Listener>,
    /// By listener port.
    pub(crate) ports: HashMap<u16, Port>,
    /// Names of models that callers may use, as `/health` counts them.
    pub(crate) models: usize,
}

impl Default for Table {
    fn default() -> Self {
        let version = sluice_snapshot::Snapshot::default().version();
        Self {
            version,
            listeners: Vec::new(),
            ports: HashMap::new(),
            models: 0,
        }
    }
}

/// What stands behind a port.
#[derive(Debug)]
pub(crate) enum Port {
    /// Listeners without TLS; the host of a request says which routes it gets.
    Plain(Matcher),
    /// Listeners with TLS; so does the handshake.
    Secure(Secure),
}

/// A port that a gateway wants, and who wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its entry.
    pub key: EntryKey,
    /// Where it was compiled from.
    pub origin: Option<model::Origin>,
    /// The port, as users write it.
    pub port: u16,
}

impl Table {
    /// Ports in order.
    pub(crate) fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self.ports.keys().copied().collect();
        ports.sort_unstable();
        ports
    }

    /// The routes for a request to `host` on a connection to a port, for the name of its handshake.
    pub(crate) fn routes(
        &self,
        port: u16,
        server_name: Option<&str>,
        host: &str,
    ) -> Result<&Matcher, NotHere> {
        match self.ports.get(&port) {
            Some(Port::Plain(matcher)) => Ok(matcher),
            Some(Port::Secure(secure)) => secure.routes(server_name, host),
            None => Err(NotHere::UnknownHost),
        }
    }
}

/// One rule, realised.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) label: Arc<str>,
    /// What requests to the route's own path ask for; by their body where unset.
    pub(crate) prompt_type: Option<Wire>,
    /// Running sums of the weights, each with where it leads.
    pub(crate) backends: Vec<(u32, Backend)>,
    pub(crate) plan: Plan,
    pub(crate) request_headers: Edits,
    pub(crate) response_headers: Edits,
    pub(crate) rewrite: Option<Rewrite>,
    pub(crate) redirect: Option<Redirect>,
}

/// A share of a route's traffic.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    pub(crate) destination: Destination,
    /// After those of the route.
    pub(crate) request_headers: Edits,
}

/// Where a share of a route's traffic goes.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    Ai(Arc<Node>),
    Service(Arc<Pool>),
    Invalid(Arc<str>),
}

/// Header edits of HTTPRoute filters.
#[derive(Debug, Default, Clone)]
pub(crate) struct Edits {
    pub(crate) set: Vec<(http::HeaderName, http::HeaderValue)>,
    pub(crate) add: Vec<(http::HeaderName, http::HeaderValue)>,
    pub(crate) remove: Vec<http::HeaderName>,
}

impl Edits {
    pub(crate) fn apply(&self, headers: &mut http::HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name, value.clone());
        }
        for (name, value) in &self.add {
            headers.append(name, value.clone());
        }
    }
}

/// How a path is changed.
#[derive(Debug, Clone)]
pub(crate) enum PathEdit {
    Full(String),
    Prefix(String),
}

impl PathEdit {
    /// The new path; `prefix` is what the route matched.
    pub(crate) fn apply(&self, path: &str, prefix: &str) -> String {
        match self {
            PathEdit::Full(full) => full.clone(),
            PathEdit::Prefix(new) => {
                let rest = path
                    .strip_prefix(prefix.trim_end_matches('/'))
                    .unwrap_or("");
                let joined = format!(
                    "{}/{}",
                    new.trim_end_matches('/'),
                    rest.trim_start_matches('/')
                );
                if rest.is_empty() && joined.len() > 1 {
                    joined.trim_end_matches('/').to_owned()
                } else {
                    joined
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Rewrite {
    pub(crate) hostname: Option<http::HeaderValue>,
    pub(crate) path: Option<PathEdit>,
}

#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) scheme: Option<String>,
    pub(crate) hostname: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) status: http::StatusCode,
    pub(crate) path: Option<PathEdit>,
}
