//! Which statuses differ from the cluster's, and wait to be written: an account without I/O.
//!
//! A status is derived anew only where something that it is made of differs. After a change of the mirror alone, which is what our own
//! writes come back as, only the objects that changed are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use sluice_session::Release;
use sluice_vocab::{GatewayKey, ObjectRef};

use super::case::Case;
use super::view::{Moment, Projected, View, projected};
use crate::api::asked_delay;
use crate::delivery::{Deliveries, Heard, Said};
use crate::memo::Memo;
use crate::release::Compiled;
use crate::retry::Retries;
use crate::world::Mirror;

/// A status that differs from the cluster's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) object: ObjectRef,
    pub(super) uid: String,
    /// The version that it was compared with.
    pub(super) version: String,
    pub(super) before: Arc<Value>,
    pub(super) status: Arc<Value>,
}

/// How a write went.
#[derive(Debug)]
pub(super) enum Sent {
    Written,
    /// The object is gone or another by now, which will be seen.
    Overtaken,
    Failed(kube::Error),
}

/// A status that was written over a version of an object, and not yet seen in the cluster.
struct Written {
    over: String,
    status: Arc<Value>,
}

/// What has to be written.
#[derive(Default)]
pub(super) struct Backlog {
    controller: String,
    seen: Option<Moment>,
    projected: Projected,
    said: BTreeMap<GatewayKey, Said>,
    deliveries: Deliveries,
    releases: BTreeMap<GatewayKey, Release>,
    derived: Memo<ObjectRef, (Case, Arc<Value>), Option<Arc<Value>>>,
    written: BTreeMap<ObjectRef, Written>,
    waiting: BTreeMap<ObjectRef, Change>,
    /// One write of an object at a time, so that the newest is the last.
    under_way: BTreeSet<ObjectRef>,
    retries: Retries<ObjectRef>,
}

impl Backlog {
    pub(super) fn new(controller: &str) -> Self {
        Self {
            controller: controller.to_owned(),
            ..Self::default()
        }
    }

    /// Takes the newest of everything. `now` is what a condition that turns is stamped with.
    pub(super) fn look(&mut self, moment: &Moment, now: &str) {
        let objects = self.suspects(moment);
        let is_compiled = self
            .seen
            .as_ref()
            .is_none_or(|seen| !Arc::ptr_eq(&seen.compiled, &moment.compiled));
        if is_compiled {
            self.publish(&moment.compiled);
        }
        let is_told = self
            .seen
            .as_ref()
            .is_none_or(|seen| !Arc::ptr_eq(&seen.ledger, &moment.ledger));
        if is_compiled || is_told {
            self.hear(moment);
        }
        let compilation = &moment.compiled.compilation;
        for object in &objects {
            let live = moment.mirror.get(object);
            let verdict = compilation.verdicts.get(object);
            if let (Some(live), Some(verdict)) = (live, verdict)
                && programmed(&live.status) == Some(verdict.generation)
            {
                self.deliveries.remember(object, verdict.generation);
            }
        }
        for object in objects {
            self.compare(&object, moment, now);
        }
        self.seen = Some(moment.clone());
    }

    /// Objects whose status may be another than when everything was looked at last.
    fn suspects(&self, moment: &Moment) -> BTreeSet<ObjectRef> {
        let all = || moment.mirror.keys().cloned();
        let Some(seen) = &self.seen else {
            return all().collect();
        };
        let is_same = Arc::ptr_eq(&seen.compiled, &moment.compiled)
            && Arc::ptr_eq(&seen.workloads, &moment.workloads)
            && Arc::ptr_eq(&seen.projections, &moment.projections)
            && Arc::ptr_eq(&seen.ledger, &moment.ledger)
            && seen.bundle == moment.bundle;
        let others = changed(&seen.mirror, &moment.mirror);
        if is_same {
            others
        } else {
            all().chain(others).collect()
        }
    }

    /// Notes what was published.
    fn publish(&mut self, compiled: &Compiled) {
        let verdicts = &compiled.compilation.verdicts;
        let gateways: BTreeSet<GatewayKey> = compiled.facts.keys().cloned().collect();
        self.deliveries.retain(&gateways, verdicts);
        self.releases
            .retain(|gateway, _| gateways.contains(gateway));
        let mut of_gateway: BTreeMap<&GatewayKey, Vec<_>> = BTreeMap::new();
        for (object, verdict) in verdicts {
            for gateway in &verdict.gateways {
                of_gateway
                    .entry(gateway)
                    .or_default()
                    .push((object, verdict));
            }
        }
        for (gateway, snapshot) in &compiled.releases {
            let known = self
                .releases
                .get(gateway)
                .is_some_and(|r| r.snapshot().version() == snapshot.version());
            if !known {
                self.releases
                    .insert(gateway.clone(), Release::new(snapshot.clone()));
            }
            if !compiled.compilation.frozen.contains_key(gateway) {
                let objects = of_gateway.remove(gateway).unwrap_or_default();
                self.deliveries
                    .published(gateway, snapshot.version(), objects.into_iter());
            }
        }
        self.projected = projected(&compiled.compilation.expanded);
    }

    /// What the data planes of each Gateway say.
    fn hear(&mut self, moment: &Moment) {
        let said = |gateway: &GatewayKey| {
            let heard = Heard {
                reports: moment.ledger.reports(gateway).collect(),
                release: self.releases.get(gateway),
            };
            (gateway.clone(), self.deliveries.read(gateway, &heard))
        };
        self.said = moment.compiled.facts.keys().map(said).collect();
    }

    fn compare(&mut self, object: &ObjectRef, moment: &Moment, now: &str) {
        let Some(live) = moment.mirror.get(object) else {
            self.derived.forget(object);
            self.written.remove(object);
            self.waiting.remove(object);
            self.retries.done(object);
            return;
        };
        // Seen since: then the cluster's word counts.
        if self
            .written
            .get(object)
            .is_some_and(|w| w.over != live.version)
        {
            self.written.remove(object);
        }
        let before = self
            .written
            .get(object)
            .map_or(&live.status, |w| &w.status)
            .clone();
        let view = View {
            moment,
            projected: &self.projected,
            said: &self.said,
            controller: &self.controller,
        };
        let case = view.case(object, &before, &mut self.deliveries);
        let status = case.and_then(|case| {
            self.derived
                .get(object, (case, before.clone()), |(case, before)| {
                    case.status(before, now).map(Arc::new)
                })
        });
        match status.filter(|status| *status != before) {
            Some(status) => {
                let change = Change {
                    object: object.clone(),
                    uid: live.uid.clone(),
                    version: live.version.clone(),
                    before,
                    status,
                };
                self.waiting.insert(object.clone(), change);
            }
            None => drop(self.waiting.remove(object)),
        }
    }

    /// The next to be written, which is then under way until [`Self::settle`].
    pub(super) fn take(&mut self, now: Instant) -> Option<Change> {
        let is_due = |object: &&ObjectRef| {
            !self.under_way.contains(*object) && !self.retries.is_held(object, now)
        };
        let object = self.waiting.keys().find(is_due)?.clone();
        self.under_way.insert(object.clone());
        self.waiting.remove(&object)
    }

    /// Says how a write went.
    pub(super) fn settle(&mut self, change: &Change, outcome: &Sent, now: Instant) {
        let object = &change.object;
        self.under_way.remove(object);
        let live = self.seen.as_ref().and_then(|seen| seen.mirror.get(object));
        match outcome {
            Sent::Written => {
                self.retries.done(object);
                if live.is_some_and(|live| live.version == change.version) {
                    let written = Written {
                        over: change.version.clone(),
                        status: change.status.clone(),
                    };
                    self.written.insert(object.clone(), written);
                    let is_same = |waiting: &Change| waiting.status == change.status;
                    if self.waiting.get(object).is_some_and(is_same) {
                        self.waiting.remove(object);
                    }
                }
            }
            Sent::Overtaken => self.retries.done(object),
            Sent::Failed(error) => {
                self.retries.failed(object, now, asked_delay(error));
                if live.is_some() {
                    // What is newer than this waits already.
                    self.waiting
                        .entry(object.clone())
                        .or_insert_with(|| change.clone());
                }
            }
        }
    }

    /// When something may be tried again.
    pub(super) fn retry(&self, now: Instant) -> Option<Instant> {
        self.retries.next(now)
    }

    /// Data planes that report, by Gateway.
    pub(super) fn data_planes(&self) -> impl Iterator<Item = (&GatewayKey, usize)> {
        self.said
            .iter()
            .map(|(gateway, said)| (gateway, said.count().connected))
    }

    /// Nothing is written any more: what there is to write is found anew by whoever may.
    pub(super) fn rest(&mut self) {
        self.seen = None;
        self.waiting.clear();
        self.written.clear();
        self.derived = Memo::default();
        self.retries = Retries::default();
    }

    #[cfg(test)]
    pub(super) fn derivations(&self) -> usize {
        self.derived.count()
    }
}

/// Objects that are not the same in both.
fn changed(old: &Mirror, new: &Mirror) -> BTreeSet<ObjectRef> {
    let is_other = |object: &&ObjectRef| match (old.get(*object), new.get(*object)) {
        (Some(old), Some(new)) => !Arc::ptr_eq(old, new),
        _ => true,
    };
    let gone = old.keys().filter(|object| !new.contains_key(*object));
    new.keys().filter(is_other).chain(gone).cloned().collect()
}

/// The generation that a status says is programmed.
fn programmed(status: &Value) -> Option<i64> {
    let conditions = status.get("conditions")?.as_array()?;
    let programmed = conditions
        .iter()
        .find(|c| c["type"] == "Programmed" && c["status"] == "True")?;
    programmed["observedGeneration"].as_i64()
}

#[cfg(test)]
mod tests;
