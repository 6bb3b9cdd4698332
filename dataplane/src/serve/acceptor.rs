//! The thread that accepts.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::seats::Seats;
use super::worker::{Arrival, Worker};
use crate::gateway::Gateway;
use crate::party::Who;

/// The handle to the thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Acceptor {
    runtime: Handle,
    _alive: oneshot::Sender<Infallible>,
}

impl Acceptor {
    /// Also gives what waits for the thread's end.
    pub(super) fn start() -> io::Result<(
        Self,
        impl Future<Output = Result<(), Infallible>> + Send + use<>,
    )> {
        let (ours, theirs) = (oneshot::channel(), oneshot::channel::<Infallible>());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let acceptor = Self {
            runtime: runtime.handle().clone(),
            _alive: ours.0,
        };
        std::thread::Builder::new()
            .name("acceptor".into())
            .spawn(move || {
                // Dropped with the thread's stack, also when that unwinds.
                let _alive = theirs.0;
                let _ = runtime.block_on(ours.1);
            })?;
        let ended = async move {
            let _ = theirs.1.await;
            Ok(())
        };
        Ok((acceptor, ended))
    }

    /// Where its tasks run.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Opens a socket that this thread looks after.
    pub(super) fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = socket(address)?;
        let _runtime = self.runtime.enter();
        TcpListener::from_std(socket)
    }
}

fn socket(address: SocketAddr) -> io::Result<std::net::TcpListener> {
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
    Ok(socket.into())
}

pub(super) async fn accept(
    listener: TcpListener,
    route: watch::Receiver<(u16, Arc<Gateway>)>,
    workers: Arc<[Worker]>,
    seats: Arc<Seats>,
) {
    loop {
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
        let Some(seat) = seats.take(Who::at(peer.ip())).await else {
            return;
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
            seat,
        });
    }
}
