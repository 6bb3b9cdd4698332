//! The gateways of one process, by name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use sluice_compiler::Compilation;
use sluice_dataplane::serve::{Binding, Server};
use sluice_dataplane::{Gateway, Shared};
use sluice_vocab::GatewayKey;

use super::{RETRY_EVERY, listen};

pub(crate) struct Gateways {
    shared: Arc<Shared>,
    /// Instead of the listener's port.
    listen: Option<SocketAddr>,
    running: BTreeMap<GatewayKey, Arc<Gateway>>,
    /// Whether a port that is wanted could not be opened.
    is_waiting: bool,
}

impl Gateways {
    pub(crate) fn new(shared: Arc<Shared>, listen: Option<SocketAddr>) -> Self {
        Self {
            shared,
            listen,
            running: BTreeMap::new(),
            is_waiting: false,
        }
    }

    /// Runs what was compiled: tables first, then sockets. A gateway that may lack something unreadable keeps what it has.
    pub(crate) fn apply(
        &mut self,
        compilation: &Compilation,
        server: &mut Server,
    ) -> anyhow::Result<()> {
        self.running
            .retain(|key, _| compilation.releases.contains_key(key));
        for (key, snapshot) in &compilation.releases {
            let is_new = !self.running.contains_key(key);
            let gateway = self
                .running
                .entry(key.clone())
                .or_insert_with(|| Gateway::new(self.shared.clone()));
            if is_new || !compilation.frozen.contains_key(key) {
                for diagnostic in gateway.apply(snapshot) {
                    tracing::error!(entry = diagnostic.key.to_string(), "{}", diagnostic.message);
                }
            }
        }
        self.listen(server)
    }

    /// Opens the ports that are wanted, says which, and closes the others.
    fn listen(&mut self, server: &mut Server) -> anyhow::Result<()> {
        self.is_waiting = false;
        let bindings = self.bindings()?;
        let before = server.addresses();
        let errors = server.sync(&bindings);
        let open: BTreeMap<_, _> = server.addresses().into_iter().collect();
        for (asked, address) in open {
            if !before.contains_key(&asked) {
                tracing::info!(address = address.to_string(), "listening");
            }
        }
        self.is_waiting = !errors.is_empty();
        match errors.into_iter().next() {
            Some(error) => Err(error).context("listening failed, and is tried again"),
            None => Ok(()),
        }
    }

    /// Waits until ports should be tried again that could not be opened: for ever when there are none.
    pub(crate) async fn due(&self) {
        if self.is_waiting {
            tokio::time::sleep(RETRY_EVERY).await;
        } else {
            std::future::pending().await
        }
    }

    /// Tries them. That they can't be opened was told already; which could, is told now.
    pub(crate) fn retry(&mut self, server: &mut Server) {
        let _ = self.listen(server);
    }

    /// What each runs.
    pub(crate) fn versions(&self) -> Vec<String> {
        let running = self.running.iter();
        running
            .map(|(key, gateway)| format!("{key}={}", gateway.version()))
            .collect()
    }

    fn bindings(&self) -> anyhow::Result<Vec<Binding>> {
        let wanted: Vec<(u16, &Arc<Gateway>)> = self
            .running
            .values()
            .flat_map(|g| g.ports().into_iter().map(move |port| (port, g)))
            .collect();
        if let Some(address) = self.listen {
            return match wanted[..] {
                [(port, gateway)] => Ok(vec![Binding {
                    address,
                    port,
                    gateway: gateway.clone(),
                }]),
                [] => Ok(Vec::new()),
                _ => bail!(
                    "--listen is for one listener, and there are {}: leave it out, the listeners have ports",
                    wanted.len()
                ),
            };
        }
        let mut bindings: Vec<Binding> = Vec::new();
        for (port, gateway) in wanted {
            let address = listen::any(port);
            if bindings.iter().any(|b| b.address == address) {
                bail!("two gateways listen on port {port}: give one of them another");
            }
            bindings.push(Binding {
                address,
                port,
                gateway: gateway.clone(),
            });
        }
        Ok(bindings)
    }
}
