//! Counters, with their series looked up once and not per request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use sluice_guard::Outcome;
use sluice_llm::usage::Usage;
use sluice_process::metrics::{add, add_in};
use sluice_vocab::ErrorType;

/// Upper bounds of the duration histogram, in seconds: from a cached answer to the longest reasoning.
const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
];

/// Of the answers to guards: from a neighbour's word to the longest patience.
const ASK_BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 60.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    format: &'static str,
    model: Arc<str>,
    provider: Arc<str>,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SeriesLabels {
    format: &'static str,
    model: Arc<str>,
    provider: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    format: &'static str,
    model: Arc<str>,
    provider: Arc<str>,
    error_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    format: &'static str,
    model: Arc<str>,
    provider: Arc<str>,
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActiveLabels {
    format: &'static str,
    provider: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GuardLabels {
    direction: &'static str,
    rule: Arc<str>,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AskLabels {
    direction: &'static str,
    rule: Arc<str>,
}

/// All metrics of a data plane.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Family<SeriesLabels, Histogram, fn() -> Histogram>,
    errors: Family<ErrorLabels, Counter>,
    active: Family<ActiveLabels, Gauge>,
    tokens: Family<TokenLabels, Counter>,
    dropped: Family<ActiveLabels, Counter>,
    guard_hits: Family<GuardLabels, Counter>,
    guard_asks: Family<AskLabels, Histogram, fn() -> Histogram>,
    pub(crate) connections: Gauge,
    pub(crate) truncated: Counter,
    pub(crate) usage_missing: Counter,
    pub(crate) panics: Counter,
    pub(crate) upstream_connects: Counter,
    pub(crate) handshakes_failed: Counter,
    body_bytes: Gauge<f64, AtomicU64>,
    totals: Sums,
}

/// Over all series, for reports.
#[derive(Debug, Default)]
struct Sums {
    requests: AtomicU64,
    errors: AtomicU64,
    input_tokens: AtomicU64,
    output_tokens: AtomicU64,
}

/// Sums over all series, since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
}

/// The series of one format, model and provider.
#[derive(Debug)]
pub(crate) struct Series {
    labels: SeriesLabels,
    ok: Counter,
    duration: Histogram,
    pub(crate) active: Gauge,
    input: Counter,
    output: Counter,
    cached: Counter,
    pub(crate) dropped: Counter,
}

impl Series {
    pub(crate) fn model(&self) -> &Arc<str> {
        &self.labels.model
    }

    pub(crate) fn provider(&self) -> &Arc<str> {
        &self.labels.provider
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        sluice_process::metrics::add_of_process(registry.sub_registry_with_prefix("sluice"));
        let r = &mut registry;
        // In the order in which they are printed.
        Self {
            requests: add(r, "proxy_requests", "Requests by their answer's status"),
            duration: add_in(
                r,
                "proxy_request_duration",
                "Time to the answer's last byte",
                Unit::Seconds,
                Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            ),
            errors: add(
                r,
                "proxy_errors",
                "Requests that ended in an error, by its type",
            ),
            active: add(r, "proxy_active_requests", "Requests in flight"),
            tokens: add(
                r,
                "sluice_tokens",
                "Tokens by type: input (cached included), output (reasoning included), cached",
            ),
            dropped: add(
                r,
                "sluice_fields_dropped",
                "Fields of requests that their provider's format had no place for",
            ),
            guard_hits: add(
                r,
                "sluice_guard_hits",
                "Requests and answers in which a guard's rule found something",
            ),
            guard_asks: add_in(
                r,
                "sluice_guard_ask",
                "Time that a webhook or a moderation service took to answer a guard",
                Unit::Seconds,
                Family::new_with_constructor(|| Histogram::new(ASK_BUCKETS)),
            ),
            connections: add(r, "sluice_connections", "Client connections"),
            truncated: add(
                r,
                "sluice_streams_truncated",
                "Streams that a provider ended without saying that they are complete",
            ),
            usage_missing: add(
                r,
                "sluice_usage_missing",
                "Complete answers without a word on the tokens used",
            ),
            panics: add(
                r,
                "sluice_panics",
                "Requests that ended in a panic of the gateway",
            ),
            upstream_connects: add(
                r,
                "sluice_upstream_connects",
                "Connections made to upstreams",
            ),
            handshakes_failed: add(
                r,
                "sluice_tls_handshakes_failed",
                "Client connections that were let go before TLS was agreed on",
            ),
            body_bytes: add_in(
                r,
                "sluice_request_bodies",
                "Memory held for the bodies of requests and answers",
                Unit::Bytes,
                Gauge::default(),
            ),
            totals: Sums::default(),
            registry,
        }
    }

    /// The series of a format, model and provider, for keeping.
    pub(crate) fn series(
        &self,
        format: &'static str,
        model: &Arc<str>,
        provider: &Arc<str>,
    ) -> Arc<Series> {
        let labels = SeriesLabels {
            format,
            model: model.clone(),
            provider: provider.clone(),
        };
        let token = |r#type| {
            let labels = TokenLabels {
                format,
                model: model.clone(),
                provider: provider.clone(),
                r#type,
            };
            self.tokens.get_or_create_owned(&labels)
        };
        Arc::new(Series {
            ok: self
                .requests
                .get_or_create_owned(&request_labels(&labels, 200)),
            duration: self.duration.get_or_create_owned(&labels),
            active: self.active.get_or_create_owned(&ActiveLabels {
                format,
                provider: provider.clone(),
            }),
            input: token("input"),
            output: token("output"),
            cached: token("cached"),
            dropped: self.dropped.get_or_create_owned(&ActiveLabels {
                format,
                provider: provider.clone(),
            }),
            labels,
        })
    }

    /// Counts a guard's rule that found something. Rules are the policies', so that clients can't make series.
    pub(crate) fn guard_hit(&self, direction: &'static str, rule: &Arc<str>, outcome: Outcome) {
        let labels = GuardLabels {
            direction,
            rule: rule.clone(),
            outcome: outcome.as_str(),
        };
        self.guard_hits.get_or_create(&labels).inc();
    }

    /// Notes how long somebody who was asked took, however it ended.
    pub(crate) fn guard_asked(&self, direction: &'static str, rule: &Arc<str>, seconds: f64) {
        let labels = AskLabels {
            direction,
            rule: rule.clone(),
        };
        self.guard_asks.get_or_create(&labels).observe(seconds);
    }

    /// Counts a request that has ended.
    pub(crate) fn record(
        &self,
        series: &Series,
        status: u16,
        seconds: f64,
        error: Option<ErrorType>,
        usage: Usage,
    ) {
        self.totals.requests.fetch_add(1, Ordering::Relaxed);
        self.totals
            .errors
            .fetch_add(u64::from(error.is_some()), Ordering::Relaxed);
        self.totals
            .input_tokens
            .fetch_add(usage.input.unwrap_or_default(), Ordering::Relaxed);
        self.totals
            .output_tokens
            .fetch_add(usage.output.unwrap_or_default(), Ordering::Relaxed);
        if status == 200 {
            series.ok.inc();
        } else {
            self.requests
                .get_or_create(&request_labels(&series.labels, status))
                .inc();
        }
        series.duration.observe(seconds);
        if let Some(error) = error {
            let SeriesLabels {
                format,
                model,
                provider,
            } = series.labels.clone();
            self.errors
                .get_or_create(&ErrorLabels {
                    format,
                    model,
                    provider,
                    error_type: error.as_str(),
                })
                .inc();
        }
        for (counter, tokens) in [
            (&series.input, usage.input),
            (&series.output, usage.output),
            (&series.cached, usage.cached),
        ] {
            if let Some(tokens) = tokens {
                counter.inc_by(tokens);
            }
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        let Sums {
            requests,
            errors,
            input_tokens,
            output_tokens,
        } = &self.totals;
        Totals {
            requests: requests.load(Ordering::Relaxed),
            errors: errors.load(Ordering::Relaxed),
            input_tokens: input_tokens.load(Ordering::Relaxed),
            output_tokens: output_tokens.load(Ordering::Relaxed),
        }
    }

    /// The exposition in OpenMetrics text.
    pub fn encode(&self, body_bytes: usize) -> String {
        self.encode_with(body_bytes, None)
    }

    /// The exposition in OpenMetrics text, and what another registry adds to it.
    pub(crate) fn encode_with(&self, body_bytes: usize, more: Option<&Registry>) -> String {
        self.body_bytes.set(body_bytes as f64);
        let mut text = String::new();
        for registry in [Some(&self.registry), more].into_iter().flatten() {
            // Writing to a String can't fail.
            let _ = encode_registry(&mut text, registry);
        }
        let _ = encode_eof(&mut text);
        text
    }
}

fn request_labels(labels: &SeriesLabels, status: u16) -> RequestLabels {
    RequestLabels {
        format: labels.format,
        model: labels.model.clone(),
        provider: labels.provider.clone(),
        status,
    }
}
