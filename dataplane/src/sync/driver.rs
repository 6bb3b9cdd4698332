//! What the state machines want, done.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sluice_policy::Config;
use sluice_process::{Ended, Gate, Readiness};
use sluice_session::codec::{Counter, Identity, PolicyKind, ToClient, ToServer};
use sluice_session::{Client, ClientEvent, Standing};
use sluice_snapshot::Snapshot;
use sluice_vocab::GatewayKey;
use tokio::task::{JoinError, JoinHandle};

use super::backoff::Backoff;
use super::credentials::Credentials;
use super::listeners::Listeners;
use super::reports::Reports;
use super::stream::{Event, Follow, Opened, Opener};
use super::vitals;
use super::{Metrics, Settings};
use crate::gateway::{Built, Gateway};
use crate::serve::Server;
use crate::table::Diagnostic;

/// Counters are looked at so often: each look is a report, when there was traffic.
const SAMPLE: Duration = Duration::from_secs(15);
/// So many diagnostics are logged of one version.
const LOGGED: usize = 20;

/// Keeps a Gateway at what its operator wants.
pub struct Driver {
    gateway: Arc<Gateway>,
    client: Client,
    reports: Reports,
    listeners: Listeners,
    link: Link,
    building: Option<Building>,
    /// Built, and for the next [`ClientEvent::Install`].
    built: Option<(Built, Duration)>,
    diagnostics: Vec<Diagnostic>,
    counters: Vec<Counter>,
    sample_at: Instant,
    credentials: Credentials,
    configured: Gate,
    metrics: Arc<Metrics>,
    opener: Opener,
    backoff: Backoff,
}

/// The way to configuration.
enum Link {
    /// None until then.
    Down { until: Instant },
    /// There is one, or it is being made.
    Up {
        stream: Follow,
        opened: Option<Opened>,
    },
}

struct Building {
    task: JoinHandle<Built>,
    since: Instant,
}

/// What there is to react to.
enum Happened {
    Configuration(Event<ToClient>),
    Reports(Event<sluice_session::codec::Leader>),
    Built(Result<Built, JoinError>),
    Time,
    Ended(Ended),
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Driver {
    /// For the data plane of one Gateway. `instance` is the pod's uid. Gates of `readiness` are open when there is configuration, and
    /// when its listeners are open.
    pub fn new(
        settings: Settings,
        identity: (GatewayKey, String),
        gateway: Arc<Gateway>,
        server: Server,
        readiness: &Readiness,
    ) -> Self {
        let now = Instant::now();
        let identity = mk_identity(identity);
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let incarnation = u64::try_from(started.as_millis()).unwrap_or_default();
        let opener = Opener {
            shared: gateway.shared.clone(),
            settings: settings.clone(),
        };
        let listening = readiness.gate("listening");
        Self {
            client: Client::new(identity.clone()),
            reports: Reports::new(now, opener.clone(), identity, incarnation),
            listeners: Listeners::new(server, gateway.clone(), &settings, listening),
            link: Link::Down { until: now },
            building: None,
            built: None,
            diagnostics: Vec::new(),
            counters: Vec::new(),
            sample_at: now,
            credentials: Credentials::new(settings.credentials_max_age),
            configured: readiness.gate("configured"),
            metrics: Arc::new(Metrics::new()),
            backoff: Backoff::new(settings.delays),
            opener,
            gateway,
        }
    }

    /// Its metrics.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    /// The server, to shut it down.
    pub fn into_server(self) -> Server {
        self.listeners.into_server()
    }

    /// Returns when the server lost something that it can't do without, and the process has to end. May be dropped at any time, and
    /// called again: it goes on where it was.
    pub async fn run(&mut self) -> Ended {
        loop {
            self.step(Instant::now());
            let happened = self.happens().await;
            let now = Instant::now();
            match happened {
                Happened::Configuration(event) => self.configuration(now, event),
                Happened::Reports(event) => {
                    if let Some(epoch) = self.reports.take(now, event) {
                        self.client.observe(epoch);
                    }
                }
                Happened::Built(built) => self.was_built(now, built),
                Happened::Time => {}
                Happened::Ended(ended) => return ended,
            }
        }
    }

    async fn happens(&mut self) -> Happened {
        let wake = self.wake();
        tokio::select! {
            event = next(&mut self.link) => Happened::Configuration(event),
            event = self.reports.next() => Happened::Reports(event),
            built = finished(&mut self.building) => Happened::Built(built),
            () = tokio::time::sleep_until(wake.into()) => Happened::Time,
            ended = self.listeners.ended() => Happened::Ended(ended),
        }
    }

    fn wake(&self) -> Instant {
        let link = match &self.link {
            Link::Down { until } => Some(*until),
            Link::Up { opened, .. } => opened.and_then(|o| o.renew),
        };
        let expiry = self.credentials.wake();
        let others = [
            link,
            self.client.wake(),
            self.reports.wake(),
            self.listeners.wake(),
            expiry,
        ];
        others
            .into_iter()
            .flatten()
            .fold(self.sample_at, Instant::min)
    }

    /// Does what is due.
    fn step(&mut self, now: Instant) {
        match &self.link {
            Link::Down { until } if *until <= now => {
                self.link = Link::Up {
                    stream: self.opener.follow(),
                    opened: None,
                };
            }
            Link::Up {
                opened: Some(Opened {
                    renew: Some(at), ..
                }),
                ..
            } if *at <= now => {
                tracing::debug!("the token ends soon: opening another stream");
                self.client.disconnect();
                self.link = Link::Up {
                    stream: self.opener.follow(),
                    opened: None,
                };
            }
            _ => {}
        }
        let events = self.client.step(now);
        self.act(now, events);
        if self.listeners.wake().is_some_and(|at| at <= now) {
            self.listeners.open(now);
        }
        if self.sample_at <= now {
            self.sample_at = now + SAMPLE;
            self.counters = vitals::counters(&self.gateway.shared);
        }
        if self.credentials.mind(
            now,
            self.client.confirmed(),
            &self.gateway.shared,
            &self.metrics,
        ) {
            self.backoff.reset();
        }
        self.reports.step(now);
        let vitals = vitals::vitals(self.all_diagnostics(), &self.counters);
        self.reports.update(now, Standing::of(&self.client, vitals));
    }

    fn configuration(&mut self, now: Instant, event: Event<ToClient>) {
        match event {
            Event::Open(new) => {
                if let Link::Up { opened, .. } = &mut self.link {
                    *opened = Some(new);
                }
                let events = self.client.connect(now);
                self.act(now, events);
            }
            Event::Message(message) => {
                if let (
                    ToClient::Welcome(welcome),
                    Link::Up {
                        opened: Some(opened),
                        ..
                    },
                ) = (&message, &self.link)
                {
                    let (operator, software) = (opened.peer.to_string(), welcome.software.as_str());
                    tracing::info!(operator, software, "connected");
                    self.metrics.connected.set(1);
                }
                let events = self.client.receive(now, message);
                self.act(now, events);
            }
            Event::Ended(reason) => self.lose(now, &reason),
        }
    }

    fn act(&mut self, now: Instant, events: Vec<ClientEvent>) {
        for event in events {
            match event {
                ClientEvent::Send(message) => self.send(now, message),
                ClientEvent::Build(snapshot) => {
                    let gateway = self.gateway.clone();
                    let task = tokio::task::spawn_blocking(move || gateway.build(&snapshot));
                    self.building = Some(Building { task, since: now });
                }
                ClientEvent::Install(snapshot) => self.install(now, &snapshot),
                ClientEvent::Leader(leader) => self.reports.lead(now, leader),
                ClientEvent::Reconnect(why) => self.lose(now, &why.to_string()),
            }
        }
    }

    fn send(&mut self, now: Instant, message: ToServer) {
        if let ToServer::Ack(ack) = &message
            && let Some(refusal) = &ack.refusal
        {
            tracing::warn!(
                reason = refusal.to_string(),
                "an update is refused; what was good before still runs"
            );
            self.metrics.refused.inc();
        }
        let is_taken = match &self.link {
            Link::Up { stream, .. } => stream.send(message.encode()),
            Link::Down { .. } => true,
        };
        if !is_taken {
            self.lose(now, "the operator does not read what it is sent");
        }
    }

    fn lose(&mut self, now: Instant, reason: &str) {
        self.client.disconnect();
        let delay = self.backoff.next();
        let in_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(
            reason,
            in_ms,
            "no operator; what runs goes on, and it is tried again"
        );
        self.metrics.connected.set(0);
        self.metrics.streams_ended.inc();
        self.link = Link::Down { until: now + delay };
    }

    fn was_built(&mut self, now: Instant, built: Result<Built, JoinError>) {
        let since = self.building.take().map_or(now, |b| b.since);
        let result = match built {
            Ok(built) => {
                self.built = Some((built, now.duration_since(since)));
                Ok(())
            }
            Err(error) => Err(format!("the table could not be built: {error}")),
        };
        let events = self.client.built(now, result);
        self.act(now, events);
        // One that was not installed is for nothing.
        self.built = None;
    }

    fn install(&mut self, now: Instant, snapshot: &Snapshot) {
        let Some((built, took)) = self.built.take() else {
            return;
        };
        self.diagnostics = self.gateway.install(built);
        self.listeners.changed(now);
        self.configured.open();
        self.metrics.installed(
            snapshot.version().to_string(),
            self.all_diagnostics().count(),
        );
        tracing::info!(
            version = snapshot.version().to_string(),
            entries = snapshot.entries().len() as u64,
            ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "configuration applied"
        );
        for diagnostic in self.diagnostics.iter().take(LOGGED) {
            tracing::error!(entry = diagnostic.key.to_string(), "{}", diagnostic.message);
        }
        if let Some(more) = self.diagnostics.len().checked_sub(LOGGED + 1) {
            tracing::error!(
                more = more as u64 + 1,
                "and further entries that can't be realised"
            );
        }
    }

    fn all_diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().chain(self.listeners.diagnostics())
    }
}

async fn next(link: &mut Link) -> Event<ToClient> {
    match link {
        Link::Up { stream, .. } => stream.next().await,
        Link::Down { .. } => std::future::pending().await,
    }
}

async fn finished(building: &mut Option<Building>) -> Result<Built, JoinError> {
    match building {
        Some(building) => (&mut building.task).await,
        None => std::future::pending().await,
    }
}

fn mk_identity((gateway, instance): (GatewayKey, String)) -> Identity {
    let policies = Config::KINDS.iter().map(|kind| PolicyKind::new(*kind, 1));
    let software = concat!("sluice-dataplane/", env!("CARGO_PKG_VERSION")).to_owned();
    Identity {
        gateway,
        instance,
        policies: policies.collect(),
        software,
    }
}
