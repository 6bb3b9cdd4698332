//! What one replica has for one Gateway.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Snapshot};

use crate::codec::{Claim, Epoch, Leader, PolicyKind};

/// So many snapshots are kept to make deltas from.
const KEPT: usize = 16;

/// A policy of a snapshot that a data plane can't run: a verdict on the resource that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPolicy {
    /// The entry.
    pub key: EntryKey,
    /// Which policy it is.
    pub policy: PolicyKind,
    /// The resource that it was compiled from.
    pub origin: Option<model::Origin>,
}

/// A snapshot, and what it asks of data planes.
#[derive(Debug)]
pub struct Release {
    snapshot: Arc<Snapshot>,
    policies: BTreeMap<PolicyKind, Vec<(EntryKey, Option<model::Origin>)>>,
}

impl Release {
    /// Looks through the entries once.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        let mut policies: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, sealed) in snapshot.entries() {
            if let Ok(model::Entry {
                origin,
                body: Some(Body::Policy(policy)),
            }) = sealed.decode(key)
            {
                let kind = PolicyKind::new(policy.kind, policy.revision);
                policies
                    .entry(kind)
                    .or_default()
                    .push((key.clone(), origin));
            }
        }
        Self { snapshot, policies }
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What someone who knows those policies can't run.
    pub fn unknown_to(&self, known: &BTreeSet<PolicyKind>) -> Vec<UnknownPolicy> {
        let unknown = self
            .policies
            .iter()
            .filter(|(policy, _)| !known.contains(*policy));
        unknown
            .flat_map(|(policy, entries)| {
                entries.iter().map(|(key, origin)| UnknownPolicy {
                    key: key.clone(),
                    policy: policy.clone(),
                    origin: origin.clone(),
                })
            })
            .collect()
    }
}

/// What one replica has for one Gateway: the newest release, some before it, and who leads.
#[derive(Debug, Default)]
pub struct Releases {
    epoch: Epoch,
    current: Option<Release>,
    before: VecDeque<Arc<Snapshot>>,
    leader: Option<Leader>,
}

impl Releases {
    /// Takes a snapshot that was compiled from reads that began after the lease showed that epoch: that order is what makes an
    /// epoch a promise that older revocations are in. Says whether it was taken; one of a lower epoch isn't.
    pub fn publish(&mut self, epoch: Epoch, snapshot: Arc<Snapshot>) -> bool {
        if epoch < self.epoch {
            return false;
        }
        self.epoch = epoch;
        if self
            .current
            .as_ref()
            .is_some_and(|r| r.snapshot.version() == snapshot.version())
        {
            return true;
        }
        if let Some(old) = self.current.replace(Release::new(snapshot)) {
            self.before.push_front(old.snapshot);
            self.before.truncate(KEPT);
        }
        true
    }

    /// Takes a newer leader. Says whether it was one.
    pub fn lead(&mut self, leader: Leader) -> bool {
        let is_news = self
            .leader
            .as_ref()
            .is_none_or(|l| leader.epoch >= l.epoch && leader != *l);
        if is_news {
            self.leader = Some(leader);
        }
        is_news
    }

    /// Of the configuration.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The newest.
    pub fn current(&self) -> Option<&Release> {
        self.current.as_ref()
    }

    /// Who leads.
    pub fn leader(&self) -> Option<&Leader> {
        self.leader.as_ref()
    }

    /// The snapshot that a peer named, if it is still here.
    pub fn find(&self, claim: Claim) -> Option<&Arc<Snapshot>> {
        let current = self.current.iter().map(Release::snapshot);
        current.chain(&self.before).find(|s| claim == s.version())
    }
}
