//! The connection that a request came by.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::gateway::Gateway;

/// What requests know of the connection that they come by.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) gateway: Arc<Gateway>,
    /// The listener's port.
    pub(crate) port: u16,
    pub(crate) peer: SocketAddr,
    /// The thread that carries it.
    pub(crate) worker: usize,
}
