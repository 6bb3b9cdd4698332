//! What the data plane counts of its conversation with the operator.

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use sluice_process::metrics::{add, add_in};

use crate::gateway::Shared;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VersionLabels {
    version: String,
}

/// Metrics of configuration.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    info: Family<VersionLabels, Gauge>,
    confirmed: Gauge<f64, AtomicU64>,
    pub(super) connected: Gauge,
    pub(super) streams_ended: Counter,
    pub(super) applied: Counter,
    pub(super) refused: Counter,
    pub(super) diagnostics: Gauge,
    pub(super) credentials_expired: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::default();
        let r = &mut registry;
        // In the order in which they are printed.
        Self {
            info: add(r, "sluice_configuration_info", "The version that runs"),
            confirmed: add_in(
                r,
                "sluice_configuration_confirmed_timestamp",
                "When an operator last said that what runs is what is wanted",
                Unit::Seconds,
                Gauge::default(),
            ),
            applied: add(
                r,
                "sluice_configuration_applied",
                "Versions that were installed",
            ),
            refused: add(
                r,
                "sluice_configuration_refused",
                "Updates that were refused",
            ),
            diagnostics: add(
                r,
                "sluice_configuration_diagnostics",
                "What of the version that runs can't be realised here",
            ),
            connected: add(
                r,
                "sluice_operator_connected",
                "Whether an operator is there",
            ),
            streams_ended: add(
                r,
                "sluice_operator_streams_ended",
                "Streams of configuration that broke or could not be opened",
            ),
            credentials_expired: add(
                r,
                "sluice_credentials_expired",
                "Whether the gateway's credentials are refused, since nobody confirmed them for too long",
            ),
            registry,
        }
    }

    pub(super) fn installed(&self, version: String, diagnostics: usize) {
        self.applied.inc();
        self.info.clear();
        self.info.get_or_create(&VersionLabels { version }).set(1);
        self.diagnostics(diagnostics);
    }

    pub(super) fn diagnostics(&self, count: usize) {
        self.diagnostics
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(super) fn confirmed_now(&self) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.confirmed.set(now.as_secs_f64());
    }

    /// The exposition in OpenMetrics text, of the traffic's metrics too.
    pub fn encode(&self, shared: &Shared) -> String {
        shared
            .metrics()
            .encode_with(shared.budget().used(), Some(&self.registry))
    }
}
