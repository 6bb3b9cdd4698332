//! A thread with a runtime of its own.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use sluice_process::task;
use tokio::sync::{mpsc, oneshot, watch};

use super::connection;
use super::seats::Seat;
use crate::connection::{Connection, Security};
use crate::gateway::{Gateway, Shared};
use crate::party::Who;

/// A connection on its way to a worker.
pub(super) struct Arrival {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) port: u16,
    pub(super) gateway: Arc<Gateway>,
    /// One of the connections that the process may have; given back when it ends.
    pub(super) seat: Seat,
}

/// The handle to a worker; its thread ends when it is dropped and the connections have ended.
#[derive(Debug)]
pub(super) struct Worker {
    arrivals: mpsc::UnboundedSender<(Arrival, Live)>,
    connections: Arc<AtomicUsize>,
}

/// Counts a connection for as long as it lives.
#[derive(Debug)]
struct Live(Arc<AtomicUsize>);

impl Live {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count.clone())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Worker {
    /// Also gives what waits for the thread's end, by a panic or because this was dropped.
    pub(super) fn start(
        index: usize,
        stopped: watch::Receiver<bool>,
    ) -> std::io::Result<(
        Self,
        impl Future<Output = Result<(), Infallible>> + Send + use<>,
    )> {
        #[expect(
            clippy::disallowed_methods,
            reason = "each arrival holds a seat, of which there are so many"
        )]
        let (arrivals, arriving) = mpsc::unbounded_channel();
        let (alive, gone) = oneshot::channel::<Infallible>();
        let connections = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || {
                // Dropped with the thread's stack, also when that unwinds.
                let _alive = alive;
                runtime.block_on(run(index, arriving, stopped));
            })?;
        let worker = Self {
            arrivals,
            connections,
        };
        let ended = async move {
            let _ = gone.await;
            Ok(())
        };
        Ok((worker, ended))
    }

    /// Connections that it carries or is about to.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    pub(super) fn take(&self, arrival: Arrival) {
        // What bounds this queue is the seat that each arrival holds. It fails only when the thread is gone.
        let _ = self.arrivals.send((arrival, Live::new(&self.connections)));
    }
}

/// In the metric for as long as it lives, however it ends.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.metrics().connections.inc();
        Self(shared.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.metrics().connections.dec();
    }
}

async fn run(
    index: usize,
    mut arriving: mpsc::UnboundedReceiver<(Arrival, Live)>,
    stopped: watch::Receiver<bool>,
) {
    while let Some((arrival, live)) = arriving.recv().await {
        let carried = carry(index, arrival, stopped.clone());
        // Counted as long as anything of it is left, so that whoever waits for the last one finds nothing half done.
        task::spawn("connection", carried.map(move |()| drop(live)));
    }
}

async fn carry(index: usize, arrival: Arrival, stopped: watch::Receiver<bool>) {
    let Arrival {
        stream,
        peer,
        port,
        gateway,
        seat,
    } = arrival;
    let counted = Counted::new(&gateway.shared);
    let connection = Connection {
        party: gateway.shared.standing.party(Who::at(peer.ip())),
        gateway,
        port,
        peer,
        worker: index,
        security: Security::Plain,
    };
    connection::serve(connection, stream, seat, stopped).await;
    drop(counted);
}
