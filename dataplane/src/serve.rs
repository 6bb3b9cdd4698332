//! Sockets and connections: who accepts, which thread carries, how it all ends.
//!
//! One thread accepts, by one task per listening address, and does nothing else: whatever is compiled, built or logged, new
//! connections are taken. It hands each to the worker that has the fewest; a worker is a thread with a runtime of its own, so that a
//! request never crosses cores (docs/adr/0001-runtime.md).

mod acceptor;
mod connection;
mod seats;
mod tls;
mod worker;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sluice_process::{Ended, Supervisor, task};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::gateway::{Gateway, Shared};
use acceptor::Acceptor;
use seats::Seats;
use worker::Worker;

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
    acceptor: Acceptor,
    open: HashMap<SocketAddr, Open>,
    /// What accepts, and the workers' threads.
    tasks: Supervisor,
    seats: Arc<Seats>,
    stop: watch::Sender<bool>,
}

/// An address that is listened on.
#[derive(Debug)]
struct Open {
    local: SocketAddr,
    route: watch::Sender<(u16, Arc<Gateway>)>,
    task: AbortHandle,
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
        let mut tasks = Supervisor::new();
        let workers = (0..count)
            .map(|i| {
                let (worker, ended) = Worker::start(i, stopped.clone())?;
                tasks.spawn(format!("worker {i}"), ended);
                Ok(worker)
            })
            .collect::<std::io::Result<Arc<[Worker]>>>()?;
        let (acceptor, ended) = Acceptor::start()?;
        tasks.spawn("acceptor", ended);
        let seats = Seats::new(connection_limit(settings.max_connections));
        housekeeping(&shared);
        Ok(Self {
            shared,
            workers,
            acceptor,
            open: HashMap::new(),
            tasks,
            seats,
            stop,
        })
    }

    /// Opens what is wanted and not yet open, and then closes what is no longer wanted. An address that stays keeps its
    /// socket. One that can't be opened doesn't hinder the others. Must be called within the runtime.
    pub fn sync(&mut self, wanted: &[Binding]) -> Vec<ListenError> {
        let mut errors = Vec::new();
        for binding in wanted {
            if let Some(open) = self.open.get(&binding.address) {
                open.route
                    .send_replace((binding.port, binding.gateway.clone()));
            } else if let Err(source) = self.open(binding) {
                errors.push(ListenError {
                    address: binding.address,
                    source,
                });
            }
        }
        self.open.retain(|address, open| {
            let keep = wanted.iter().any(|b| b.address == *address);
            if !keep {
                open.task.abort();
            }
            keep
        });
        errors
    }

    fn open(&mut self, binding: &Binding) -> std::io::Result<()> {
        let listener = self.acceptor.listen(binding.address)?;
        let local = listener.local_addr()?;
        let (route, routes) = watch::channel((binding.port, binding.gateway.clone()));
        let accepting =
            acceptor::accept(listener, routes, self.workers.clone(), self.seats.clone());
        let task = self.tasks.spawn_on(
            self.acceptor.runtime(),
            format!("accepting on {}", binding.address),
            async {
                accepting.await;
                Ok::<_, Infallible>(())
            },
        );
        let open = Open { local, route, task };
        self.open.insert(binding.address, open);
        Ok(())
    }

    /// The addresses that are open, by what was asked for.
    pub fn addresses(&self) -> HashMap<SocketAddr, SocketAddr> {
        self.open
            .iter()
            .map(|(asked, open)| (*asked, open.local))
            .collect()
    }

    /// Waits for something to end that shouldn't: what accepts on an address that is wanted, or a worker. Without it, connections
    /// would be refused or lost, though the process is ready; so the process has to end. May be dropped and called again.
    pub async fn ended(&mut self) -> Ended {
        self.tasks.ended().await
    }

    /// Takes no more connections, lets the requests in flight end, and returns when they have, or after the drain time. True
    /// when all have ended.
    pub async fn shutdown(self) -> bool {
        self.tasks.stop().await;
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

/// Connections at once: what was asked for, and no more than there are descriptors for both sides.
fn connection_limit(asked: usize) -> usize {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let both_sides = usize::try_from(descriptors.saturating_sub(128) / 2).unwrap_or(usize::MAX);
    asked.min(both_sides).max(16)
}

/// Closes connections to upstreams that were not used for long.
fn housekeeping(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    task::spawn("housekeeping of connections", async move {
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

#[cfg(test)]
mod tests {
    use crate::access_log::AccessLog;
    use crate::settings::Settings;

    use super::*;

    fn mk() -> (Server, Binding) {
        let settings = Settings {
            workers: 1,
            ..Settings::default()
        };
        let shared = Shared::new(settings, AccessLog::off());
        let binding = Binding {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            port: 80,
            gateway: Gateway::new(shared.clone()),
        };
        (Server::start(shared).unwrap(), binding)
    }

    #[tokio::test]
    async fn what_no_longer_accepts_is_told_of() {
        let (mut server, binding) = mk();
        assert!(server.sync(std::slice::from_ref(&binding)).is_empty());
        // The one way out of the loop that can be taken from here.
        server.seats.close();
        let _ = std::net::TcpStream::connect(server.addresses()[&binding.address]);
        let ended = server.ended().await;
        assert_eq!(ended.task, format!("accepting on {}", binding.address));
    }

    #[tokio::test]
    async fn requests_are_answered_while_who_configures_is_busy() {
        use std::io::{Read, Write};
        let (mut server, binding) = mk();
        assert!(server.sync(std::slice::from_ref(&binding)).is_empty());
        let at = server.addresses()[&binding.address];
        // Without a pause for anything else on this thread, which is the one that configures.
        let mut stream = std::net::TcpStream::connect(at).unwrap();
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }

    #[tokio::test]
    async fn a_worker_that_is_gone_is_told_of() {
        let (mut server, _) = mk();
        server.workers = Arc::new([]);
        assert_eq!(server.ended().await.task, "worker 0");
    }

    #[tokio::test]
    async fn an_address_that_is_no_longer_wanted_is_no_failure() {
        let (mut server, binding) = mk();
        assert!(server.sync(std::slice::from_ref(&binding)).is_empty());
        assert!(server.sync(&[]).is_empty());
        server.workers = Arc::new([]);
        assert_eq!(server.ended().await.task, "worker 0");
    }
}
