//! Sockets and connections: who accepts, which thread carries, how it all ends.
//!
//! One task accepts per listening address and hands each connection to the worker that has the fewest; a worker is a thread
//! with a runtime of its own, so that a request never crosses cores (docs/adr/0001-runtime.md).

mod connection;
mod tls;
mod worker;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::gateway::{Gateway, Shared};
use worker::{Arrival, Worker};

/// An address on which a gateway's listener port is served.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Where to listen.
    pub address: SocketAddr,
    /// The listener port that it stands for.
    pub port: u16,
    /// Whose routes apply.
    pub gateway: Arc<Gateway>,
}

/// A listening socket could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct ListenError {
    /// Where.
    pub address: SocketAddr,
    /// Why not.
    pub source: std::io::Error,
}

/// Threads that carry traffic, and the sockets that feed them. Lives on the runtime that made it.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    workers: Arc<[Worker]>,
    acceptors: HashMap<SocketAddr, Acceptor>,
    slots: Arc<Semaphore>,
    stop: watch::Sender<bool>,
}

#[derive(Debug)]
struct Acceptor {
    local: SocketAddr,
    route: watch::Sender<(u16, Arc<Gateway>)>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts the threads. Opens no socket yet.
    pub fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let settings = shared.settings();
        let count = match settings.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            n => n,
        };
        let (stop, stopped) = watch::channel(false);
        let workers = (0..count)
            .map(|i| Worker::start(i, stopped.clone()))
            .collect::<std::io::Result<Arc<[Worker]>>>()?;
        let slots = Arc::new(Semaphore::new(connection_limit(settings.max_connections)));
        housekeeping(&shared);
        Ok(Self {
            shared,
            workers,
            acceptors: HashMap::new(),
            slots,
            stop,
        })
    }

    /// Opens what is wanted and not yet open, and then closes what is no longer wanted. An address that stays keeps its
    /// socket. One that can't be opened doesn't hinder the others. Must be called within the runtime.
    pub fn sync(&mut self, wanted: &[Binding]) -> Vec<ListenError> {
        let mut errors = Vec::new();
        for binding in wanted {
            if let Some(acceptor) = self.acceptors.get(&binding.address) {
                acceptor
                    .route
                    .send_replace((binding.port, binding.gateway.clone()));
            } else if let Err(source) = self.open(binding) {
                errors.push(ListenError {
                    address: binding.address,
                    source,
                });
            }
        }
        self.acceptors.retain(|address, acceptor| {
            let keep = wanted.iter().any(|b| b.address == *address);
            if !keep {
                acceptor.task.abort();
            }
            keep
        });
        errors
    }

    fn open(&mut self, binding: &Binding) -> std::io::Result<()> {
        let listener = listen(binding.address)?;
        let local = listener.local_addr()?;
        let (route, routes) = watch::channel((binding.port, binding.gateway.clone()));
        let task = tokio::spawn(accept(
            listener,
            routes,
            self.workers.clone(),
            self.slots.clone(),
        ));
        self.acceptors
            .insert(binding.address, Acceptor { local, route, task });
        Ok(())
    }

    /// The addresses that are open, by what was asked for.
    pub fn addresses(&self) -> HashMap<SocketAddr, SocketAddr> {
        self.acceptors
            .iter()
            .map(|(asked, acceptor)| (*asked, acceptor.local))
            .collect()
    }

    /// Takes no more connections, lets the requests in flight end, and returns when they have, or after the drain time. True
    /// when all have ended.
    pub async fn shutdown(self) -> bool {
        self.acceptors
            .values()
            .for_each(|acceptor| acceptor.task.abort());
        self.stop.send_replace(true);
        let drained = async {
            while self.workers.iter().any(|w| w.connections() > 0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(self.shared.settings().drain, drained)
            .await
            .is_ok()
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(address),
        socket2::Type::STREAM,
        None,
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        // Of both families, whatever the machine's default.
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    TcpListener::from_std(socket.into())
}

async fn accept(
    listener: TcpListener,
    route: watch::Receiver<(u16, Arc<Gateway>)>,
    workers: Arc<[Worker]>,
    slots: Arc<Semaphore>,
) {
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else {
            return;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(stream) = stream.into_std() else {
            continue;
        };
        let (port, gateway) = route.borrow().clone();
        let Some(worker) = workers.iter().min_by_key(|w| w.connections()) else {
            return;
        };
        worker.take(Arrival {
            stream,
            peer,
            port,
            gateway,
            slot,
        });
    }
}

/// Connections at once: what was asked for, and no more than there are descriptors for both sides.
fn connection_limit(asked: usize) -> usize {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let both_sides = usize::try_from(descriptors.saturating_sub(128) / 2).unwrap_or(usize::MAX);
    asked.min(both_sides).max(16)
}

/// Closes connections to upstreams that were not used for long.
fn housekeeping(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(15));
        loop {
            tick.tick().await;
            let Some(shared) = shared.upgrade() else {
                return;
            };
            shared.standing.prune();
        }
    });
}
