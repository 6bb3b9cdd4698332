//! The data planes: who they are, what they are told, what they say.
//!
//! ```text
//! Listener (TLS) -> Configuration -> identity -> Hub of the Gateway -> session::Server, one per stream
//!                -> Reporting     -> identity -> Ledger, the leader's
//! ```

mod configuration;
mod hub;
mod identity;
mod listener;
mod reporting;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::Client;
use sluice_proto::wire::configuration_server::ConfigurationServer;
use sluice_proto::wire::reporting_server::ReportingServer;
use sluice_session::codec::{Epoch, MAX_DIAGNOSTICS};
use sluice_session::{Ledger, ServerSettings};
use sluice_vocab::GatewayKey;
use tokio::sync::{Semaphore, watch};

use crate::leader::{CUT_OFF, Leadership};
use crate::metrics::Metrics;
use crate::release::Compiled;
use hub::Hub;
use identity::{Gate, Peer};

pub use listener::{Certificate, Listener};

/// A report is at most so long: that many diagnostics of a thousand characters, and then some.
const MAX_REPORT: usize = MAX_DIAGNOSTICS * 1_200 + (1 << 20);
/// A data plane that said nothing for so long isn't counted any more.
const SILENCE: Duration = Duration::from_secs(45);
/// So many configuration streams are served at once.
const MAX_STREAMS: usize = 4_096;

/// What this replica has for the data planes, and knows of them.
#[derive(Debug)]
pub struct Fleet {
    hubs: Mutex<BTreeMap<GatewayKey, Arc<Hub>>>,
    /// Handed out as it is: whoever reads it holds no lock that reports wait for.
    ledger: Mutex<Arc<Ledger>>,
    /// Counts what the ledger learned.
    news: watch::Sender<u64>,
    leadership: watch::Receiver<Leadership>,
    /// The highest epoch that a data plane has seen.
    raise: watch::Sender<Epoch>,
    settings: ServerSettings,
    streams: Arc<Semaphore>,
    metrics: Metrics,
    gate: Gate,
}

impl Fleet {
    /// Without configuration.
    pub fn new(
        client: Client,
        settings: ServerSettings,
        leadership: watch::Receiver<Leadership>,
        metrics: Metrics,
    ) -> Arc<Self> {
        Arc::new(Self {
            hubs: Mutex::default(),
            ledger: Mutex::default(),
            news: watch::Sender::default(),
            leadership,
            raise: watch::Sender::default(),
            settings,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            metrics,
            gate: Gate::new(client),
        })
    }

    /// Takes every newest compilation, and every change of leadership, for ever.
    ///
    /// # Errors
    /// When what it listens to ended, or an older epoch follows a newer one: neither should happen.
    pub async fn publish(
        self: Arc<Self>,
        mut compiled: watch::Receiver<Option<Arc<Compiled>>>,
    ) -> anyhow::Result<()> {
        let mut leadership = self.leadership.clone();
        let mut expiry = tokio::time::interval(Duration::from_secs(5));
        loop {
            tokio::select! {
                changed = compiled.changed() => changed?,
                changed = leadership.changed() => changed?,
                _ = expiry.tick() => self.expire(),
            }
            let lead = leadership.borrow_and_update().clone();
            self.metrics.leads(lead.is_me(), lead.epoch.get());
            let newest = compiled.borrow_and_update().clone();
            if let Some(newest) = newest {
                self.take(&newest)?;
            }
            for hub in lock(&self.hubs).values() {
                hub.lead(lead.leader());
            }
        }
    }

    fn take(&self, compiled: &Compiled) -> anyhow::Result<()> {
        let mut hubs = lock(&self.hubs);
        let (reconciled, kept) = (&compiled.facts, &compiled.kept);
        hubs.retain(|gateway, _| reconciled.contains_key(gateway) || kept.contains_key(gateway));
        for (gateway, facts) in reconciled.iter().chain(kept) {
            let hub = hubs.entry(gateway.clone()).or_default();
            let account = crate::workload::object_name(facts);
            let release = compiled.releases.get(gateway).cloned();
            anyhow::ensure!(
                hub.publish(account, compiled.epoch, release),
                "epoch {} follows a higher one",
                compiled.epoch
            );
        }
        Ok(())
    }

    fn hub(&self, gateway: &GatewayKey) -> Option<Arc<Hub>> {
        lock(&self.hubs).get(gateway).cloned()
    }

    /// Whether the API server was heard recently: else this replica may be behind, and says nothing.
    fn is_current(&self) -> bool {
        self.leadership.borrow().heard.elapsed() < CUT_OFF
    }

    /// Someone was turned away; who, if the API server vouched for them.
    fn deny(&self, peer: Option<&Peer>, status: &tonic::Status) {
        self.metrics.denied();
        let namespace = peer.map(|p| p.namespace.as_str()).unwrap_or_default();
        let pod = peer.map(|p| p.pod_name.as_str()).unwrap_or_default();
        tracing::warn!(
            namespace,
            pod,
            why = status.message(),
            "a caller is no data plane of ours"
        );
    }

    /// A data plane has seen that epoch.
    fn behind(&self, epoch: Epoch) {
        self.raise.send_if_modified(|highest| {
            let is_higher = epoch > *highest;
            *highest = epoch.max(*highest);
            is_higher
        });
    }

    fn expire(&self) {
        let gone = Arc::make_mut(&mut lock(&self.ledger)).expire(Instant::now(), SILENCE);
        for (gateway, instance) in &gone {
            tracing::info!(
                gateway = gateway.to_string(),
                instance,
                "a data plane fell silent"
            );
        }
        if !gone.is_empty() {
            self.tell();
        }
    }

    fn tell(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    /// Changes whenever the ledger learned something.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// The highest epoch that a data plane has seen, if that is above this replica's.
    pub fn raise(&self) -> watch::Receiver<Epoch> {
        self.raise.subscribe()
    }

    /// The ledger as it is now.
    pub fn ledger(&self) -> Arc<Ledger> {
        lock(&self.ledger).clone()
    }

    /// Serves data planes, for ever. Whatever ends or panics of it, accepting included, ends this.
    ///
    /// # Errors
    /// When the socket breaks.
    pub async fn serve(self: Arc<Self>, listener: Listener) -> Result<(), tonic::transport::Error> {
        let (incoming, accepting) = listener.incoming();
        let service = Arc::new(Service(self));
        let reporting =
            ReportingServer::from_arc(service.clone()).max_decoding_message_size(MAX_REPORT);
        let serving = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(20)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .max_concurrent_streams(16)
            .max_frame_size(Some(1 << 20))
            .initial_stream_window_size(Some(1 << 20))
            .add_service(ConfigurationServer::from_arc(service))
            .add_service(reporting)
            .serve_with_incoming(incoming);
        tokio::select! {
            ended = serving => ended,
            () = accepting => Ok(()),
        }
    }
}

/// What gRPC calls.
#[derive(Debug)]
struct Service(Arc<Fleet>);

/// Nothing here panics while it holds a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
