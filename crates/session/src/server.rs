//! The server's side of one configuration stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_snapshot::{Snapshot, diff};
use sluice_vocab::Secret;

use crate::codec::{
    Ack, Claim, Epoch, Heartbeat, Hello, Identity, Leader, Refusal, ToClient, ToServer, Update,
    Welcome,
};
use crate::{Releases, UnknownPolicy};

/// An epoch so far ahead of ours is no lease's: someone would make it impossible to ever lead again.
const MAX_LEAD: u64 = 1 << 32;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// How a server talks.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Between heartbeats.
    pub heartbeat: Duration,
    /// How long an update may stay without an ack: its way, and the building of a table.
    pub patience: Duration,
    /// Keys the hashes of entries.
    pub install_key: Secret,
    /// Name and version of the program, for people.
    pub software: String,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerEvent {
    /// Send it.
    Welcome(Welcome),
    /// Send it.
    Heartbeat(Heartbeat),
    /// Send its parts.
    Push(Update),
    /// What comes next holds policies that this data plane can't run. Said once per version, before the push.
    Unknown(Vec<UnknownPolicy>),
    /// The data plane has seen that epoch, and takes nothing from a lower one. Whoever holds the lease at a lower epoch raises it
    /// above; all others catch up.
    Behind(Epoch),
    /// The data plane runs it.
    Applied(Claim),
    /// The data plane keeps what it has.
    Refused(Refusal),
    /// End the stream, and forget this machine.
    Close(Close),
}

impl ServerEvent {
    /// The messages that it means, if any.
    pub fn into_messages(self) -> Box<dyn Iterator<Item = ToClient> + Send> {
        match self {
            ServerEvent::Welcome(w) => Box::new(std::iter::once(ToClient::Welcome(w))),
            ServerEvent::Heartbeat(h) => Box::new(std::iter::once(ToClient::Heartbeat(h))),
            ServerEvent::Push(update) => Box::new(update.into_parts().map(ToClient::Part)),
            _ => Box::new(std::iter::empty()),
        }
    }
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Close {
    /// No ack came.
    #[error("an update was not acknowledged in time")]
    Overdue,
    /// It says hello once.
    #[error("a second hello")]
    SecondHello,
    /// See [`Denied`].
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// A peer that is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("epoch {theirs} is not plausible, here is {ours}")]
pub struct Denied {
    theirs: Epoch,
    ours: Epoch,
}

/// One data plane on one stream.
#[derive(Debug)]
pub struct Server {
    settings: ServerSettings,
    identity: Identity,
    /// What it runs, if that is known here.
    have: Option<Arc<Snapshot>>,
    runs: Option<Claim>,
    seen: Epoch,
    serial: u64,
    in_flight: Option<InFlight>,
    is_full_due: bool,
    failures: u32,
    /// After refusals: the version that was refused isn't pushed again before then.
    retry: Option<(Claim, Instant)>,
    heartbeat_at: Instant,
    leader: Option<Leader>,
    /// The version of which unknown policies were told.
    judged: Option<Claim>,
}

#[derive(Debug)]
struct InFlight {
    snapshot: Arc<Snapshot>,
    until: Instant,
}

impl Server {
    /// Answers a hello.
    pub fn accept(
        now: Instant,
        hello: Hello,
        settings: ServerSettings,
        releases: &Releases,
    ) -> Result<(Self, Vec<ServerEvent>), Denied> {
        let mut server = Self {
            have: hello.version.and_then(|v| releases.find(v).cloned()),
            runs: hello.version,
            identity: hello.identity,
            seen: hello.epoch,
            serial: 0,
            in_flight: None,
            is_full_due: false,
            failures: 0,
            retry: None,
            heartbeat_at: now,
            leader: None,
            judged: None,
            settings,
        };
        server.plausible(releases)?;
        let mut events = vec![ServerEvent::Welcome(Welcome {
            epoch: releases.epoch(),
            install_key: server.settings.install_key.clone(),
            heartbeat: server.settings.heartbeat,
            software: server.settings.software.clone(),
        })];
        events.extend(server.step(now, releases));
        Ok((server, events))
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What it runs, as it said last.
    pub fn runs(&self) -> Option<Claim> {
        self.runs
    }

    /// When to call [`Self::step`] next, if nothing else happens.
    pub fn wake(&self) -> Instant {
        let ack = self.in_flight.as_ref().map(|f| f.until);
        let retry = self
            .retry
            .filter(|_| self.in_flight.is_none())
            .map(|(_, at)| at);
        [ack, retry]
            .into_iter()
            .flatten()
            .fold(self.heartbeat_at, Instant::min)
    }

    /// Takes a message.
    pub fn receive(
        &mut self,
        now: Instant,
        message: ToServer,
        releases: &Releases,
    ) -> Vec<ServerEvent> {
        let ToServer::Ack(ack) = message else {
            return vec![ServerEvent::Close(Close::SecondHello)];
        };
        if ack.serial != self.serial {
            return Vec::new();
        }
        let Some(in_flight) = self.in_flight.take() else {
            return Vec::new();
        };
        let mut events = vec![self.settle(now, in_flight.snapshot, ack, releases)];
        if let Err(denied) = self.plausible(releases) {
            return vec![ServerEvent::Close(denied.into())];
        }
        if self.seen > releases.epoch() {
            events.push(ServerEvent::Behind(self.seen));
        }
        events.extend(self.step(now, releases));
        events
    }

    fn settle(
        &mut self,
        now: Instant,
        pushed: Arc<Snapshot>,
        ack: Ack,
        releases: &Releases,
    ) -> ServerEvent {
        self.seen = self.seen.max(ack.epoch);
        self.runs = ack.version;
        self.have = ack.version.and_then(|v| {
            if v == pushed.version() {
                Some(pushed.clone())
            } else {
                releases.find(v).cloned()
            }
        });
        let Some(refusal) = ack.refusal else {
            (self.is_full_due, self.failures, self.retry) = (false, 0, None);
            return ServerEvent::Applied(pushed.version().into());
        };
        // The first refusal may be the delta's fault. One of the whole is a bug, or a limit: it comes back, but without haste.
        let delay = match self.failures {
            0 => Duration::ZERO,
            n => FIRST_RETRY.saturating_mul(1 << n.min(10)).min(LAST_RETRY),
        };
        self.retry = Some((pushed.version().into(), now + delay));
        self.failures = self.failures.saturating_add(1);
        self.is_full_due = true;
        ServerEvent::Refused(refusal)
    }

    /// Call it when something was published, when the leader changed, and at [`Self::wake`].
    pub fn step(&mut self, now: Instant, releases: &Releases) -> Vec<ServerEvent> {
        if self.in_flight.as_ref().is_some_and(|f| f.until <= now) {
            return vec![ServerEvent::Close(Close::Overdue)];
        }
        let mut events = Vec::new();
        if self.heartbeat_at <= now || self.leader.as_ref() != releases.leader() {
            self.heartbeat_at = now + self.settings.heartbeat;
            events.push(ServerEvent::Heartbeat(self.heartbeat(releases)));
            if self.seen > releases.epoch() {
                events.push(ServerEvent::Behind(self.seen));
            }
        }
        self.push(now, releases, &mut events);
        events
    }

    fn heartbeat(&mut self, releases: &Releases) -> Heartbeat {
        self.leader = releases.leader().cloned();
        // From now on it takes nothing of a lower epoch, not from here either.
        self.seen = self
            .leader
            .iter()
            .fold(self.seen, |seen, leader| seen.max(leader.epoch));
        let version = releases.current().map(|r| r.snapshot().version().into());
        Heartbeat {
            epoch: releases.epoch(),
            version,
            leader: self.leader.clone(),
        }
    }

    /// The newest, if it is wanted, and nothing is under way.
    fn push(&mut self, now: Instant, releases: &Releases, events: &mut Vec<ServerEvent>) {
        let Some(release) = releases.current() else {
            return;
        };
        let want = release.snapshot();
        let version = Claim::from(want.version());
        let is_held = self
            .retry
            .is_some_and(|(refused, at)| refused == version && now < at);
        if self.in_flight.is_some()
            || self.runs == Some(version)
            || self.seen > releases.epoch()
            || is_held
        {
            return;
        }
        if self.judged != Some(version) {
            self.judged = Some(version);
            let unknown = release.unknown_to(&self.identity.policies);
            if !unknown.is_empty() {
                events.push(ServerEvent::Unknown(unknown));
            }
        }
        self.serial += 1;
        let epoch = releases.epoch();
        let update = match &self.have {
            Some(have) if !self.is_full_due => Update::delta(self.serial, epoch, diff(have, want)),
            _ => Update::full(self.serial, epoch, want),
        };
        self.in_flight = Some(InFlight {
            snapshot: want.clone(),
            until: now + self.settings.patience,
        });
        events.push(ServerEvent::Push(update));
    }

    fn plausible(&self, releases: &Releases) -> Result<(), Denied> {
        let ours = releases.epoch();
        if self.seen.get() <= ours.get().saturating_add(MAX_LEAD) {
            Ok(())
        } else {
            Err(Denied {
                theirs: self.seen,
                ours,
            })
        }
    }
}
