//! How the process runs, as opposed to what it serves.

mod identity;
mod proxies;

use std::time::Duration;

use sluice_vocab::Egress;

pub use identity::IdentitySettings;
pub use proxies::ProxySettings;

/// Settings of a data plane. Everything has a default that suits a pod.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads that carry traffic; 0 for one per core.
    pub workers: usize,
    /// Longest request body that is read, in bytes; never more than three quarters of the memory for bodies.
    pub body_limit: usize,
    /// Memory for request bodies in the whole process, in bytes.
    pub body_budget: usize,
    /// How long an idle client connection is kept. OpenAI's and Codex' clients pool for 90 s and more.
    pub idle: Duration,
    /// How long a client may pause within a request body.
    pub body_pause: Duration,
    /// How long a request's body may take in all.
    pub body_time: Duration,
    /// Connections at once, over all listeners.
    pub max_connections: usize,
    /// How long an answer may take, unless a policy says otherwise: the official SDKs' own limit.
    pub request_timeout: Duration,
    /// How long connecting to an upstream may take, name look-up and TLS included.
    pub connect_timeout: Duration,
    /// How long requests in flight may take to end after a stop was asked for.
    pub drain: Duration,
    /// Whether `/health` and `/metrics` are served beside the traffic.
    pub status_on_traffic: bool,
    /// HTTP proxies of the environment.
    pub proxies: ProxySettings,
    /// Who the pod is to a cloud.
    pub identity: IdentitySettings,
    /// Where resources may lead; anywhere without it, for whoever writes them may be the one who runs the process.
    pub egress: Option<Egress>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 0,
            body_limit: 32 << 20,
            body_budget: 256 << 20,
            idle: Duration::from_secs(130),
            body_pause: Duration::from_secs(60),
            body_time: Duration::from_secs(300),
            max_connections: 16_384,
            request_timeout: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            status_on_traffic: true,
            proxies: ProxySettings::default(),
            identity: IdentitySettings::default(),
            egress: None,
        }
    }
}
