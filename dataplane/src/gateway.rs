//! One Gateway's live table, and what all gateways of the process share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use sluice_snapshot::Snapshot;

use crate::access_log::AccessLog;
use crate::budget::Budget;
use crate::engine::Engine;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::standing::Standing;
use crate::table::{self, Diagnostic, Listener, Table};
use crate::telemetry::Telemetry;

/// What outlives every table and belongs to no gateway alone.
#[derive(Debug)]
pub struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) telemetry: Telemetry,
    pub(crate) standing: Standing,
}

impl Shared {
    /// Must be called within a tokio runtime, on which names are looked up.
    pub fn new(settings: Settings, log: AccessLog) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::new(Engine::new(settings)),
            telemetry: Telemetry::new(log),
            standing: Standing::default(),
        })
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.telemetry.metrics
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.engine.settings
    }

    /// The memory for bodies.
    pub fn budget(&self) -> &Budget {
        &self.engine.budget
    }

    /// Refuses requests that need a credential which the gateway holds, or no longer does.
    pub fn expire_credentials(&self, expired: bool) {
        self.engine.expire_credentials(expired);
    }

    /// Whether they are refused.
    pub fn credentials_expired(&self) -> bool {
        self.engine.credentials_expired()
    }
}

/// A table that was built, and what of the snapshot could not be.
#[derive(Debug)]
pub struct Built {
    table: Table,
    diagnostics: Vec<Diagnostic>,
}

impl Built {
    /// What can't be realised here. It is poisoned, not left out.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// One Gateway: the table that requests walk, replaced as a whole.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) live: ArcSwap<Table>,
    pub(crate) shared: Arc<Shared>,
}

impl Gateway {
    /// Without any route.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            live: ArcSwap::from_pointee(Table::default()),
            shared,
        })
    }

    /// Builds a table, which takes a while: regular expressions, headers, TLS. Changes nothing.
    pub fn build(&self, snapshot: &Snapshot) -> Built {
        let (table, diagnostics) = table::build(snapshot, &self.shared.standing);
        Built { table, diagnostics }
    }

    /// Lets a table run. Requests in flight go on with the one they began with.
    pub fn install(&self, built: Built) -> Vec<Diagnostic> {
        self.live.store(Arc::new(built.table));
        built.diagnostics
    }

    /// Builds a table and lets it run.
    pub fn apply(&self, snapshot: &Snapshot) -> Vec<Diagnostic> {
        self.install(self.build(snapshot))
    }

    /// The listeners, by their keys.
    pub fn listeners(&self) -> Vec<Listener> {
        self.live.load().listeners.clone()
    }

    /// The ports that the listeners want.
    pub fn ports(&self) -> Vec<u16> {
        self.live.load().ports()
    }

    /// The version that is live.
    pub fn version(&self) -> sluice_snapshot::Version {
        self.live.load().version
    }
}
