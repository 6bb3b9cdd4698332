//! The data plane's way to the leader.

use std::time::{Duration, Instant};

use crate::Client;
use crate::codec::{Claim, Epoch, Identity, Leader, Refusal, Report, Vitals};

/// Reports are at least so far apart, so that a burst of changes is one: those of what runs, for which somebody waits,
const GAP: Duration = Duration::from_millis(50);
/// and those of how it fares.
const VITALS_GAP: Duration = Duration::from_secs(1);
/// And at most so far, so that silence means something.
const PERIOD: Duration = Duration::from_secs(15);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReporterEvent {
    /// Open a report stream to that address, and say how it went.
    Connect(String),
    /// Close the stream, or stop opening it.
    Disconnect,
    /// Send it.
    Send(Box<Report>),
}

/// What a data plane has, and how it fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The highest epoch seen.
    pub epoch: Epoch,
    /// What runs.
    pub version: Option<Claim>,
    /// Why the last update was refused.
    pub refusal: Option<Refusal>,
    /// How it fares.
    pub vitals: Vitals,
}

impl Standing {
    /// Of a client, with what else is to be told.
    pub fn of(client: &Client, vitals: Vitals) -> Self {
        let version = client.running().map(|s| s.version().into());
        Self {
            epoch: client.epoch(),
            version,
            refusal: client.refusal().cloned(),
            vitals,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down { until: Instant },
    Opening,
    Up,
}

/// Keeps a stream to the leader, and the newest report on it.
#[derive(Debug)]
pub struct Reporter {
    identity: Identity,
    incarnation: u64,
    sequence: u64,
    standing: Standing,
    leader: Option<Leader>,
    link: Link,
    failures: u32,
    unsaid: Unsaid,
    sent: Option<Instant>,
}

/// What changed since the last report, the more urgent last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unsaid {
    Nothing,
    Vitals,
    Running,
}

impl Unsaid {
    fn between(said: &Standing, standing: &Standing) -> Self {
        let running = |s: &Standing| (s.epoch, s.version);
        let is_same = running(said) == running(standing)
            && said.refusal == standing.refusal
            && said.vitals.diagnostics == standing.vitals.diagnostics;
        if !is_same {
            Self::Running
        } else if said == standing {
            Self::Nothing
        } else {
            Self::Vitals
        }
    }

    /// How long after the last report it is said.
    const fn gap(self) -> Duration {
        match self {
            Self::Nothing => PERIOD,
            Self::Vitals => VITALS_GAP,
            Self::Running => GAP,
        }
    }
}

impl Reporter {
    /// `incarnation` grows with every start of the process.
    pub fn new(now: Instant, identity: Identity, incarnation: u64) -> Self {
        Self {
            identity,
            incarnation,
            sequence: 0,
            standing: Standing::default(),
            leader: None,
            link: Link::Down { until: now },
            failures: 0,
            unsaid: Unsaid::Nothing,
            sent: None,
        }
    }

    /// A leader was named, beside the configuration or by one that dismissed us. One of a lower epoch is ignored.
    pub fn lead(&mut self, now: Instant, leader: Leader) -> Vec<ReporterEvent> {
        let is_news = self
            .leader
            .as_ref()
            .is_none_or(|l| leader.epoch >= l.epoch && leader != *l);
        if !is_news {
            return Vec::new();
        }
        let is_elsewhere = self
            .leader
            .as_ref()
            .is_none_or(|l| l.address != leader.address);
        self.leader = Some(leader);
        if !is_elsewhere {
            return Vec::new();
        }
        let was_open = !matches!(self.link, Link::Down { .. });
        self.link = Link::Down { until: now };
        self.failures = 0;
        let mut events: Vec<_> = was_open
            .then_some(ReporterEvent::Disconnect)
            .into_iter()
            .collect();
        events.extend(self.step(now));
        events
    }

    /// The newest, which replaces whatever was not sent yet.
    pub fn update(&mut self, now: Instant, standing: Standing) -> Vec<ReporterEvent> {
        self.unsaid = self.unsaid.max(Unsaid::between(&self.standing, &standing));
        self.standing = standing;
        self.step(now)
    }

    /// The stream is open: the first report goes at once.
    pub fn connected(&mut self, now: Instant) -> Vec<ReporterEvent> {
        self.link = Link::Up;
        self.sent = None;
        self.step(now)
    }

    /// The stream ended, or could not be opened.
    pub fn disconnected(&mut self, now: Instant) {
        if matches!(self.link, Link::Down { .. }) {
            return;
        }
        let delay = FIRST_RETRY
            .saturating_mul(1 << self.failures.min(10))
            .min(LAST_RETRY);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { until: now + delay };
    }

    /// When to call [`Self::step`] next, if nothing else happens.
    pub fn wake(&self) -> Option<Instant> {
        match self.link {
            Link::Down { until } => self.address().map(|_| until),
            Link::Opening => None,
            Link::Up => self.sent.map(|at| at + self.unsaid.gap()),
        }
    }

    /// Call it at [`Self::wake`].
    pub fn step(&mut self, now: Instant) -> Vec<ReporterEvent> {
        match (self.link, self.address()) {
            (Link::Down { until }, Some(address)) if until <= now => {
                self.link = Link::Opening;
                vec![ReporterEvent::Connect(address)]
            }
            (Link::Up, _) if self.wake().is_none_or(|at| at <= now) => {
                // Only what is said is proof that the leader listens.
                self.failures = if self.sent.is_some() {
                    0
                } else {
                    self.failures
                };
                (self.sent, self.unsaid) = (Some(now), Unsaid::Nothing);
                self.sequence += 1;
                vec![ReporterEvent::Send(Box::new(self.report()))]
            }
            _ => Vec::new(),
        }
    }

    fn address(&self) -> Option<String> {
        self.leader
            .as_ref()
            .filter(|l| !l.address.is_empty())
            .map(|l| l.address.clone())
    }

    fn report(&self) -> Report {
        let Standing {
            epoch,
            version,
            refusal,
            vitals,
        } = self.standing.clone();
        Report {
            identity: self.identity.clone(),
            incarnation: self.incarnation,
            sequence: self.sequence,
            epoch,
            version,
            refusal,
            vitals,
        }
    }
}
