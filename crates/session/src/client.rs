//! The data plane's side of configuration: one stream after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_snapshot::{Sealer, Snapshot};

use crate::codec::{
    Ack, Assembler, Claim, Epoch, Heartbeat, Hello, Identity, Leader, Reason, Refusal, ToClient,
    ToServer, Update, Welcome,
};
use crate::wire;

/// Silence before the server said how often its heart beats.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);
/// Heartbeats that may fail to come.
const BEATS: u32 = 3;

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientEvent {
    /// Send it on the stream.
    Send(ToServer),
    /// Make a table of it, off the traffic threads, and call [`Client::built`]. The one that runs goes on.
    Build(Arc<Snapshot>),
    /// Let the table run that was built.
    Install(Arc<Snapshot>),
    /// For the [`super::Reporter`], with every heartbeat.
    Leader(Leader),
    /// Give the stream up and open another, to any replica, after a while that grows with each failure.
    Reconnect(Why),
}

/// Why a stream is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Nothing came that counts: no heartbeat, or only from a replica behind what was seen.
    #[error("the server is silent, or behind")]
    Silence,
    /// No welcome, or two.
    #[error("the server doesn't begin as it should")]
    Unwelcome,
}

/// Configuration as one data plane knows it.
#[derive(Debug)]
pub struct Client {
    identity: Identity,
    running: Option<Arc<Snapshot>>,
    epoch: Epoch,
    /// When it was last certain that nothing newer was wanted.
    confirmed: Option<Instant>,
    refusal: Option<Refusal>,
    building: Option<Building>,
    stream: Option<Stream>,
}

/// What is forgotten when a stream ends.
struct Stream {
    sealer: Option<Sealer>,
    assembler: Assembler,
    /// Complete, but another is being built.
    waiting: Option<Update>,
    heard: Instant,
    patience: Duration,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Building {
    /// Of the update, while its stream lives.
    serial: Option<u64>,
    snapshot: Arc<Snapshot>,
    epoch: Epoch,
}

impl Client {
    /// Without configuration.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            running: None,
            epoch: Epoch::default(),
            confirmed: None,
            refusal: None,
            building: None,
            stream: None,
        }
    }

    /// What runs.
    pub fn running(&self) -> Option<&Arc<Snapshot>> {
        self.running.as_ref()
    }

    /// The highest epoch seen.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// When a server last said that what runs is what is wanted: what the age of credentials is counted from.
    pub fn confirmed(&self) -> Option<Instant> {
        self.confirmed
    }

    /// Why the last update was refused, if it was.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// A stream is open. Whatever was under way on an earlier one is forgotten, but for what is being built.
    pub fn connect(&mut self, now: Instant) -> Vec<ClientEvent> {
        if let Some(building) = &mut self.building {
            building.serial = None;
        }
        self.stream = Some(Stream {
            sealer: None,
            assembler: Assembler::default(),
            waiting: None,
            heard: now,
            patience: FIRST_PATIENCE,
        });
        let hello = Hello {
            identity: self.identity.clone(),
            version: self.version(),
            epoch: self.epoch,
        };
        vec![ClientEvent::Send(ToServer::Hello(hello))]
    }

    /// The stream is gone.
    pub fn disconnect(&mut self) {
        self.stream = None;
        if let Some(building) = &mut self.building {
            building.serial = None;
        }
    }

    /// An epoch that was heard of elsewhere, from a leader that dismissed us. It counts like one of a message.
    pub fn observe(&mut self, epoch: Epoch) {
        self.epoch = self.epoch.max(epoch);
    }

    /// When to call [`Self::step`] next, if nothing else happens.
    pub fn wake(&self) -> Option<Instant> {
        self.stream.as_ref().map(|s| s.heard + s.patience)
    }

    /// Call it at [`Self::wake`].
    pub fn step(&mut self, now: Instant) -> Vec<ClientEvent> {
        if self.wake().is_some_and(|at| at <= now) {
            self.give_up(Why::Silence)
        } else {
            Vec::new()
        }
    }

    /// Takes a message.
    pub fn receive(&mut self, now: Instant, message: ToClient) -> Vec<ClientEvent> {
        let Some(stream) = &mut self.stream else {
            return Vec::new();
        };
        match message {
            ToClient::Welcome(_) if stream.sealer.is_some() => self.give_up(Why::Unwelcome),
            ToClient::Welcome(welcome) => self.welcome(now, &welcome),
            _ if stream.sealer.is_none() => self.give_up(Why::Unwelcome),
            ToClient::Part(part) => self.part(now, part),
            ToClient::Heartbeat(heartbeat) => self.heartbeat(now, heartbeat),
        }
    }

    /// The table of the last [`ClientEvent::Build`] is there, or there is none.
    pub fn built(&mut self, now: Instant, result: Result<(), String>) -> Vec<ClientEvent> {
        let Some(Building {
            serial,
            snapshot,
            epoch,
        }) = self.building.take()
        else {
            return Vec::new();
        };
        let refusal = match result {
            Err(detail) => Some(Refusal {
                reason: Reason::NotBuilt,
                detail,
            }),
            Ok(()) if epoch < self.epoch => Some(self.too_low(epoch)),
            Ok(()) => None,
        };
        let mut events = Vec::new();
        if refusal.is_none() {
            self.running = Some(snapshot.clone());
            self.confirmed = Some(now);
            events.push(ClientEvent::Install(snapshot));
        }
        match serial {
            Some(serial) => events.push(self.ack(serial, refusal)),
            None => self.refusal = refusal,
        }
        if let Some(update) = self.stream.as_mut().and_then(|s| s.waiting.take()) {
            events.extend(self.consider(now, update));
        }
        events
    }

    fn welcome(&mut self, now: Instant, welcome: &Welcome) -> Vec<ClientEvent> {
        if let Some(stream) = &mut self.stream {
            stream.sealer = Some(Sealer::new(welcome.install_key.expose()));
            let beat = welcome
                .heartbeat
                .clamp(Duration::from_secs(1), Duration::from_secs(300));
            stream.patience = beat * BEATS;
        }
        self.hear(now, welcome.epoch);
        Vec::new()
    }

    fn heartbeat(&mut self, now: Instant, heartbeat: Heartbeat) -> Vec<ClientEvent> {
        self.observe(
            heartbeat
                .leader
                .as_ref()
                .map_or(Epoch::default(), |l| l.epoch),
        );
        let is_wanted = self.version().is_some() && heartbeat.version == self.version();
        if self.hear(now, heartbeat.epoch) && is_wanted {
            self.confirmed = Some(now);
        }
        heartbeat
            .leader
            .map(ClientEvent::Leader)
            .into_iter()
            .collect()
    }

    /// Notes an epoch. Says whether whoever sent it is up to date; others don't count as a sign of life.
    fn hear(&mut self, now: Instant, epoch: Epoch) -> bool {
        self.observe(epoch);
        let is_current = epoch == self.epoch;
        if let Some(stream) = self.stream.as_mut().filter(|_| is_current) {
            stream.heard = now;
        }
        is_current
    }

    fn part(&mut self, now: Instant, part: wire::UpdatePart) -> Vec<ClientEvent> {
        let (serial, epoch) = (part.serial, Epoch::new(part.epoch));
        let is_current = self.hear(now, epoch);
        let too_low = self.too_low(epoch);
        let Some(stream) = &mut self.stream else {
            return Vec::new();
        };
        if !is_current {
            let is_news = stream.assembler.skip(serial);
            return if is_news {
                vec![self.ack(serial, Some(too_low))]
            } else {
                Vec::new()
            };
        }
        match stream.assembler.push(part) {
            Ok(Some(update)) if self.building.is_some() => {
                stream.waiting = Some(update);
                Vec::new()
            }
            Ok(Some(update)) => self.consider(now, update),
            Ok(None) => Vec::new(),
            Err(broken) => vec![self.ack(broken.serial, Some(broken.refusal))],
        }
    }

    /// A complete update, and nothing is being built.
    fn consider(&mut self, now: Instant, update: Update) -> Vec<ClientEvent> {
        let Some(sealer) = self.stream.as_ref().and_then(|s| s.sealer.as_ref()) else {
            return Vec::new();
        };
        if update.epoch < self.epoch {
            let too_low = self.too_low(update.epoch);
            return vec![self.ack(update.serial, Some(too_low))];
        }
        if self.version() == Some(update.to) {
            self.confirmed = Some(now);
            return vec![self.ack(update.serial, None)];
        }
        match update.realise(self.running.as_deref(), sealer) {
            Ok(snapshot) => {
                let snapshot = Arc::new(snapshot);
                let (serial, epoch) = (Some(update.serial), update.epoch);
                self.building = Some(Building {
                    serial,
                    snapshot: snapshot.clone(),
                    epoch,
                });
                vec![ClientEvent::Build(snapshot)]
            }
            Err(refusal) => vec![self.ack(update.serial, Some(refusal))],
        }
    }

    fn ack(&mut self, serial: u64, refusal: Option<Refusal>) -> ClientEvent {
        self.refusal.clone_from(&refusal);
        let ack = Ack {
            serial,
            version: self.version(),
            epoch: self.epoch,
            refusal,
        };
        ClientEvent::Send(ToServer::Ack(ack))
    }

    fn too_low(&self, epoch: Epoch) -> Refusal {
        let detail = format!("epoch {epoch}, but {} was seen", self.epoch);
        Refusal {
            reason: Reason::LowerEpoch,
            detail,
        }
    }

    fn version(&self) -> Option<Claim> {
        self.running.as_ref().map(|s| s.version().into())
    }

    fn give_up(&mut self, why: Why) -> Vec<ClientEvent> {
        self.disconnect();
        vec![ClientEvent::Reconnect(why)]
    }
}
