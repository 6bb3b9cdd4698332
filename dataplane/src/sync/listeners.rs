//! The ports of the running snapshot, open or on the way to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use sluice_process::{Ended, Gate};

use super::Settings;
use super::backoff::Backoff;
use crate::gateway::Gateway;
use crate::serve::{Binding, Server};
use crate::table::{Diagnostic, Listener};

/// Below are the ports that only a privileged process may open.
const PRIVILEGED: u16 = 1024;

/// The server, told what is wanted until it has all of it.
pub(super) struct Listeners {
    server: Server,
    gateway: Arc<Gateway>,
    bind: IpAddr,
    offset: u16,
    failed: Vec<Diagnostic>,
    backoff: Backoff,
    retry: Option<Instant>,
    /// Opened when all were, the first time. A listener that fails later is no reason to take the others' traffic away.
    gate: Gate,
}

impl Listeners {
    pub(super) fn new(
        server: Server,
        gateway: Arc<Gateway>,
        settings: &Settings,
        gate: Gate,
    ) -> Self {
        Self {
            server,
            gateway,
            bind: settings.bind,
            offset: settings.port_offset,
            failed: Vec::new(),
            backoff: Backoff::new(settings.delays),
            retry: None,
            gate,
        }
    }

    pub(super) fn into_server(self) -> Server {
        self.server
    }

    /// Waits for the server to lose something that it can't do without.
    pub(super) async fn ended(&mut self) -> Ended {
        self.server.ended().await
    }

    /// Of listeners that are not open.
    pub(super) fn diagnostics(&self) -> &[Diagnostic] {
        &self.failed
    }

    /// When to call [`Self::open`] again.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.retry
    }

    /// Another table runs: what failed before may be of no interest any more.
    pub(super) fn changed(&mut self, now: Instant) {
        self.backoff.reset();
        self.open(now);
    }

    /// Opens what is wanted and closes what is not.
    pub(super) fn open(&mut self, now: Instant) {
        let (by_address, mut failed) = self.plan();
        let bindings: Vec<Binding> = by_address
            .iter()
            .filter_map(|(address, listeners)| {
                let port = listeners.first()?.port;
                Some(Binding {
                    address: *address,
                    port,
                    gateway: self.gateway.clone(),
                })
            })
            .collect();
        let before = self.server.addresses();
        for error in self.server.sync(&bindings) {
            let listeners = by_address.get(&error.address).into_iter().flatten();
            failed.extend(listeners.map(|listener| diagnose(listener, error.to_string())));
        }
        for (address, _) in self
            .server
            .addresses()
            .iter()
            .filter(|(a, _)| !before.contains_key(*a))
        {
            tracing::info!(address = address.to_string(), "listening");
        }
        for diagnostic in failed.iter().filter(|d| !self.failed.contains(d)) {
            tracing::error!(entry = diagnostic.key.to_string(), "{}", diagnostic.message);
        }
        self.retry = if failed.is_empty() {
            None
        } else {
            Some(now + self.backoff.next())
        };
        if failed.is_empty() {
            self.gate.open();
        }
        self.failed = failed;
    }

    /// Listeners by the address that serves them. Those of one port share it; another port that leads to the same one can't.
    fn plan(&self) -> (BTreeMap<SocketAddr, Vec<Listener>>, Vec<Diagnostic>) {
        let (mut by_address, mut failed) =
            (BTreeMap::<SocketAddr, Vec<Listener>>::new(), Vec::new());
        for listener in self.gateway.listeners() {
            let bound = if listener.port < PRIVILEGED {
                self.offset + listener.port
            } else {
                listener.port
            };
            let sharing = by_address
                .entry(SocketAddr::new(self.bind, bound))
                .or_default();
            match sharing.first() {
                Some(first) if first.port != listener.port => {
                    let text = format!(
                        "port {} is served as {bound}, which port {} has already: choose another port",
                        listener.port, first.port
                    );
                    failed.push(diagnose(&listener, text));
                }
                _ => sharing.push(listener),
            }
        }
        (by_address, failed)
    }
}

fn diagnose(listener: &Listener, message: String) -> Diagnostic {
    Diagnostic {
        key: listener.key.clone(),
        origin: listener.origin.clone(),
        message,
    }
}
