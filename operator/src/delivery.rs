//! What the data planes have of each resource: a pure account of what was published and what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use sluice_compiler::Verdict;
use sluice_compiler::condition::Delivery;
use sluice_session::Release;
use sluice_session::codec::Report;
use sluice_snapshot::{Version, model};
use sluice_vocab::{Finding, GatewayKey, Kind, ObjectRef, Reason};

/// So many versions of a Gateway are remembered.
const REMEMBERED: usize = 64;

/// What was published, Gateway by Gateway, and what was ever acknowledged by all.
#[derive(Debug, Default)]
pub struct Deliveries {
    gateways: BTreeMap<GatewayKey, Track>,
    /// The generation of each resource that every data plane had at some time.
    latched: BTreeMap<ObjectRef, i64>,
}

#[derive(Debug, Default)]
struct Track {
    serial: u64,
    /// Each version and when it was last the newest.
    versions: Vec<(Version, u64)>,
    /// Each resource's generation and when it was first in the newest version.
    since: BTreeMap<ObjectRef, (i64, u64)>,
}

/// What one Gateway's data planes say.
#[derive(Debug, Default)]
pub struct Heard<'a> {
    /// Their newest reports.
    pub reports: Vec<&'a Report>,
    /// What they are to run.
    pub release: Option<&'a Release>,
}

/// What one Gateway's data planes say, put so that each of its resources finds its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    count: Count,
    /// The oldest publication that any of them runs; nothing when one runs none that is remembered.
    oldest: Option<u64>,
    /// What they can't run, by resource: generation (0 for any) and finding.
    rejected: BTreeMap<ObjectRef, Vec<(i64, Finding)>>,
}

impl Said {
    /// How many run what they should.
    pub fn count(&self) -> Count {
        self.count
    }

    fn rejections(&self, object: &ObjectRef, generation: i64) -> impl Iterator<Item = &Finding> {
        let rejected = self.rejected.get(object).into_iter().flatten();
        rejected
            .filter(move |(of, _)| *of == generation || *of == 0)
            .map(|(_, finding)| finding)
    }
}

/// How many of a Gateway's data planes run what they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that run the newest.
    pub current: usize,
    /// All that report.
    pub connected: usize,
}

impl Deliveries {
    /// A version is the newest, with those resources in it.
    pub fn published<'a>(
        &mut self,
        gateway: &GatewayKey,
        version: Version,
        verdicts: impl Iterator<Item = (&'a ObjectRef, &'a Verdict)>,
    ) {
        let track = self.gateways.entry(gateway.clone()).or_default();
        if track
            .versions
            .last()
            .is_none_or(|(newest, _)| *newest != version)
        {
            track.serial += 1;
            track.versions.retain(|(v, _)| *v != version);
            track.versions.push((version, track.serial));
            let excess = track.versions.len().saturating_sub(REMEMBERED);
            track.versions.drain(..excess);
        }
        let mut since = BTreeMap::new();
        for (object, verdict) in verdicts.filter(|(_, v)| v.gateways.contains(gateway)) {
            let first = track
                .since
                .get(object)
                .filter(|(generation, _)| *generation == verdict.generation);
            let first = first.map_or(track.serial, |(_, serial)| *serial);
            since.insert(object.clone(), (verdict.generation, first));
        }
        track.since = since;
    }

    /// Forgets what isn't there any more.
    pub fn retain(
        &mut self,
        gateways: &BTreeSet<GatewayKey>,
        verdicts: &BTreeMap<ObjectRef, Verdict>,
    ) {
        self.gateways
            .retain(|gateway, _| gateways.contains(gateway));
        self.latched
            .retain(|object, _| verdicts.contains_key(object));
    }

    /// Every data plane had that generation at some time, as an earlier operator wrote.
    pub fn remember(&mut self, object: &ObjectRef, generation: i64) {
        self.latched.insert(object.clone(), generation);
    }

    /// What the data planes have of a resource. Once all have had a generation, that stays so, whatever pods come and go.
    pub fn of(
        &mut self,
        object: &ObjectRef,
        verdict: &Verdict,
        said: &BTreeMap<GatewayKey, Said>,
    ) -> Delivery {
        let none = Said::default();
        let of = |gateway| said.get(gateway).unwrap_or(&none);
        let findings: BTreeSet<Finding> = verdict
            .gateways
            .iter()
            .flat_map(|g| of(g).rejections(object, verdict.generation))
            .cloned()
            .collect();
        if !findings.is_empty() {
            return Delivery::Rejected(findings.into_iter().collect());
        }
        if self.latched.get(object) == Some(&verdict.generation) {
            return Delivery::Acknowledged;
        }
        let states: BTreeSet<State> = verdict
            .gateways
            .iter()
            .map(|g| self.state(g, object, verdict, of(g)))
            .collect();
        match states.first() {
            Some(State::Pending) => Delivery::Pending,
            Some(State::NotConnected) | None => Delivery::NotConnected,
            Some(State::Acknowledged) => {
                self.latched.insert(object.clone(), verdict.generation);
                Delivery::Acknowledged
            }
        }
    }

    fn state(
        &self,
        gateway: &GatewayKey,
        object: &ObjectRef,
        verdict: &Verdict,
        said: &Said,
    ) -> State {
        if said.count.connected == 0 {
            return State::NotConnected;
        }
        let Some(track) = self.gateways.get(gateway) else {
            return State::Pending;
        };
        let since = track
            .since
            .get(object)
            .filter(|(generation, _)| *generation == verdict.generation);
        let Some((_, since)) = since else {
            return State::Pending;
        };
        if said.oldest.is_some_and(|oldest| oldest >= *since) {
            State::Acknowledged
        } else {
            State::Pending
        }
    }

    /// Goes through what a Gateway's data planes say, once for all of its resources.
    pub fn read(&self, gateway: &GatewayKey, heard: &Heard<'_>) -> Said {
        let track = self.gateways.get(gateway);
        let serials = heard
            .reports
            .iter()
            .map(|report| track.and_then(|t| t.serial_of(report)));
        let newest = track.map(|t| t.serial);
        let current = serials
            .clone()
            .filter(|serial| newest.is_some() && *serial == newest)
            .count();
        Said {
            count: Count {
                current,
                connected: heard.reports.len(),
            },
            // None is less than any.
            oldest: serials.min().flatten(),
            rejected: rejected(heard),
        }
    }
}

/// In the order in which they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Pending,
    NotConnected,
    Acknowledged,
}

impl Track {
    fn serial_of(&self, report: &Report) -> Option<u64> {
        let runs = report.version?;
        self.versions
            .iter()
            .find(|(version, _)| runs == *version)
            .map(|(_, serial)| *serial)
    }
}

/// What data planes can't run, by resource.
fn rejected(heard: &Heard<'_>) -> BTreeMap<ObjectRef, Vec<(i64, Finding)>> {
    let mut rejected: BTreeMap<ObjectRef, Vec<(i64, Finding)>> = BTreeMap::new();
    let mut add = |origin: &model::Origin, reason, message| {
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == origin.kind);
        let Some(kind) = kind else { return };
        let object = ObjectRef::new(kind, origin.namespace.as_str(), origin.name.as_str());
        let finding = Finding::error(reason, origin.path.as_str(), message);
        let findings = rejected.entry(object).or_default();
        findings.push((origin.generation, finding));
    };
    for report in &heard.reports {
        let pod = &report.identity.instance;
        for diagnostic in &report.vitals.diagnostics {
            let Some(origin) = &diagnostic.origin else {
                continue;
            };
            let is_certificate = origin.path.contains(".certificateRefs[");
            let reason = if is_certificate {
                Reason::InvalidCertificateRef
            } else {
                Reason::Invalid
            };
            let message = format!("data planes can't run it: {}", diagnostic.message);
            add(origin, reason, message);
        }
        let unknown = heard
            .release
            .map(|r| r.unknown_to(&report.identity.policies))
            .unwrap_or_default();
        for policy in unknown {
            let Some(origin) = &policy.origin else {
                continue;
            };
            let message = format!(
                "data plane {} of pod {pod} doesn't know policy {}: upgrade it, or pin no version",
                report.identity.software, policy.policy
            );
            add(origin, Reason::NotImplemented, message);
        }
    }
    rejected
}

#[cfg(test)]
mod tests;
