//! The server: its life, and the connections it accepts.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::fault::Fault;
use crate::options::MockOptions;
use crate::play::Reset;
use crate::record::{Counts, Recorded};
use crate::respond::respond;
use crate::shared::Shared;
use crate::wire::Wire;

/// Why a mock could not start.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// The address can't be listened on.
    #[error("mock can't listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: String,
        /// The reason.
        source: io::Error,
    },
}

/// A running mock. Dropped, it stops.
#[derive(Debug)]
pub struct Mock {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

// === impl Mock ===

impl Mock {
    /// Starts a mock on the runtime it is called from.
    pub async fn start(options: MockOptions) -> Result<Self, MockError> {
        let listen_error = |source| MockError::Listen {
            addr: options.addr.clone(),
            source,
        };
        let listener = TcpListener::bind(&options.addr)
            .await
            .map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        let shared = Arc::new(Shared::new(options));
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self {
            addr,
            shared,
            accepting,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.recorder.all()
    }

    /// Forgets the requests so far; the counts go on.
    pub fn clear(&self) {
        self.shared.recorder.clear();
    }

    /// How many requests there were.
    pub fn counts(&self) -> Counts {
        self.shared.recorder.counts()
    }

    /// Waits until this many request heads have arrived.
    pub async fn received(&self, count: u64) {
        self.until(|c| c.received >= count).await;
    }

    /// Waits until this many clients have gone away before their answer was whole.
    pub async fn cancelled(&self, count: u64) {
        self.until(|c| c.cancelled >= count).await;
    }

    /// Waits until the counts satisfy a condition.
    pub async fn until(&self, condition: impl FnMut(&Counts) -> bool) {
        self.shared.recorder.until(condition).await;
    }

    /// Sets the fault of every request that doesn't ask for one of its own.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.faults().default = fault;
    }

    /// Adds a fault for one coming request; they are taken in order.
    pub fn fault_next(&self, fault: Fault) {
        self.shared.faults().next.push_back(fault);
    }

    /// Closes the listener and every connection.
    pub async fn shutdown(mut self) {
        self.accepting.abort();
        // It ends by being cancelled.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Connections live in the accepting task's set, so that aborting it ends them all.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve(stream, shared.clone())); }
                // Out of descriptors or the like: it gets better when connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let reset = Reset::default();
    let wire = TokioIo::new(Wire::new(stream, reset.clone()));
    let service = service_fn(move |request| {
        let (shared, reset) = (shared.clone(), reset.clone());
        async move { Ok::<_, Infallible>(respond(&shared, reset, request).await) }
    });
    // How a connection ends is seen in the record.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(wire, service)
        .await;
}
