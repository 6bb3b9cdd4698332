//! One Gateway's live table, and what all gateways of the process share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use sluice_snapshot::Snapshot;

use crate::access_log::AccessLog;
use crate::budget::Budget;
use crate::client::Client;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::standing::Standing;
use crate::table::{self, Diagnostic, Table};

/// What outlives every table and belongs to no gateway alone.
pub struct Shared {
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) log: AccessLog,
    pub(crate) budget: Arc<Budget>,
    pub(crate) client: Client,
    pub(crate) standing: Standing,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Shared {
    /// Must be called within a tokio runtime, on which names are looked up.
    pub fn new(settings: Settings, log: AccessLog) -> Arc<Self> {
        let budget = Arc::new(Budget::new(settings.body_budget));
        Arc::new(Self {
            metrics: Metrics::new(),
            client: Client::new(settings.connect_timeout, settings.proxies.clone()),
            standing: Standing::default(),
            log,
            budget,
            settings,
        })
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The memory for request bodies.
    pub fn budget(&self) -> &Budget {
        &self.budget
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
        Arc::new(Self { live: ArcSwap::from_pointee(Table::default()), shared })
    }

    /// Builds a table and swaps it in. Requests in flight go on with the one they began with.
    ///
    /// What can't be realised here is poisoned, not left out, and told with its origin.
    pub fn apply(&self, snapshot: &Snapshot) -> Vec<Diagnostic> {
        let (table, diagnostics) = table::build(snapshot, &self.shared.standing);
        self.live.store(Arc::new(table));
        diagnostics
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
