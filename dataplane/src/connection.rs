//! The connection that a request came by.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::gateway::Gateway;
use crate::party::Party;

/// What requests know of the connection that they come by.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) gateway: Arc<Gateway>,
    /// The listener's port.
    pub(crate) port: u16,
    pub(crate) peer: SocketAddr,
    /// Everybody behind that address.
    pub(crate) party: Arc<Party>,
    /// The thread that carries it.
    pub(crate) worker: usize,
    pub(crate) security: Security,
}

/// Who can read along.
#[derive(Debug)]
pub(crate) enum Security {
    Plain,
    Tls {
        /// The name that the client asked for, in lower case.
        server_name: Option<Arc<str>>,
    },
}

impl Connection {
    /// The name of the handshake.
    pub(crate) fn server_name(&self) -> Option<&str> {
        match &self.security {
            Security::Plain => None,
            Security::Tls { server_name } => server_name.as_deref(),
        }
    }

    pub(crate) fn is_secure(&self) -> bool {
        matches!(self.security, Security::Tls { .. })
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_secure() { "https" } else { "http" }
    }
}
