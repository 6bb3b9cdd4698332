//! What the operator counts about itself, in OpenMetrics.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use sluice_process::metrics::{add, add_in};

/// Which Gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GatewayLabels {
    namespace: String,
    gateway: String,
}

/// What was written, and whether it worked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WriteLabels {
    kind: String,
    outcome: &'static str,
}

/// A call to the API server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: String,
}

/// An update: the difference, or all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PushLabels {
    update: &'static str,
}

/// What the operator counts. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    compile: Histogram,
    pushes: Family<PushLabels, Counter>,
    pushed: Family<PushLabels, Counter>,
    refused: Counter,
    denied: Counter,
    streams: Gauge,
    data_planes: Family<GatewayLabels, Gauge>,
    writes: Family<WriteLabels, Counter>,
    unanswered: Family<CallLabels, Counter>,
    leader: Gauge,
    epoch: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let buckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
        let mut registry = Registry::with_prefix("sluice_operator");
        let r = &mut registry;
        // In the order in which they are printed.
        Self {
            compile: add_in(
                r,
                "compile",
                "Time to compile everything",
                Unit::Seconds,
                Histogram::new(buckets),
            ),
            pushes: add(r, "pushes", "Updates sent to data planes"),
            pushed: add_in(
                r,
                "pushed",
                "Size of updates sent",
                Unit::Bytes,
                Family::default(),
            ),
            refused: add(r, "refused_updates", "Updates that a data plane refused"),
            denied: add(
                r,
                "denied_streams",
                "Callers that are no data plane of ours",
            ),
            streams: add(
                r,
                "configuration_streams",
                "Data planes that follow this replica",
            ),
            data_planes: add(r, "data_planes", "Data planes that report to this replica"),
            writes: add(r, "writes", "Objects written"),
            unanswered: add(
                r,
                "unanswered_calls",
                "Calls that the API server did not answer in time",
            ),
            leader: add(r, "leader", "1 when this replica leads"),
            epoch: add(r, "epoch", "How often the lease has changed hands"),
            registry: {
                sluice_process::metrics::add_of_process(r);
                Arc::new(registry)
            },
        }
    }
}

impl Metrics {
    /// As text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into memory doesn't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    pub(crate) fn compiled(&self, took: Duration) {
        self.compile.observe(took.as_secs_f64());
    }

    pub(crate) fn pushed(&self, is_delta: bool, bytes: usize) {
        let labels = PushLabels {
            update: if is_delta { "delta" } else { "full" },
        };
        self.pushes.get_or_create(&labels).inc();
        self.pushed.get_or_create(&labels).inc_by(bytes as u64);
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    pub(crate) fn denied(&self) {
        self.denied.inc();
    }

    pub(crate) fn streams(&self, change: i64) {
        self.streams.inc_by(change);
    }

    pub(crate) fn data_planes(&self, gateway: &sluice_vocab::GatewayKey, count: usize) {
        let labels = GatewayLabels {
            namespace: gateway.namespace.to_string(),
            gateway: gateway.name.to_string(),
        };
        self.data_planes
            .get_or_create(&labels)
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn written(&self, kind: &str, is_ok: bool) {
        let labels = WriteLabels {
            kind: kind.to_owned(),
            outcome: if is_ok { "ok" } else { "failed" },
        };
        self.writes.get_or_create(&labels).inc();
    }

    pub(crate) fn unanswered(&self, method: &str) {
        let labels = CallLabels {
            method: method.to_owned(),
        };
        self.unanswered.get_or_create(&labels).inc();
    }

    pub(crate) fn leads(&self, is_me: bool, epoch: u64) {
        self.leader.set(is_me.into());
        #[expect(clippy::cast_precision_loss, reason = "a count of elections")]
        self.epoch.set(epoch as f64);
    }
}
