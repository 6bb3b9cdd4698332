//! Writes what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};
use sluice_session::Release;
use sluice_vocab::{GatewayKey, Kind, ObjectRef};
use tokio::sync::watch;

use super::FIELD_MANAGER;
use super::view::{Made, View};
use crate::brief::brief;
use crate::delivery::Deliveries;
use crate::events::Events;
use crate::fleet::Fleet;
use crate::leader::Leadership;
use crate::metrics::Metrics;
use crate::provision::{Findings, Provisioned};
use crate::release::{Compiled, Outputs};
use crate::watch::api_resource;
use crate::world::Mirror;

/// So many are written before everything is looked at anew: what waits is never older than that.
const BATCH: usize = 64;
/// So many are written at once.
const AT_ONCE: usize = 8;
/// Changes that are closer together are one.
const GATHER: Duration = Duration::from_millis(25);
/// A write that failed is tried again after so long.
const RETRY: Duration = Duration::from_secs(2);

/// Writes status, while this replica leads.
pub struct Writer {
    client: Client,
    fleet: Arc<Fleet>,
    metrics: Metrics,
    events: Events,
    controller: String,
    bundle: watch::Receiver<Option<String>>,
    deliveries: Deliveries,
    releases: BTreeMap<GatewayKey, Release>,
    /// What was written and not yet seen in the cluster.
    written: BTreeMap<ObjectRef, Written>,
}

/// A status that was written over a version of an object.
pub(super) struct Written {
    over: String,
    pub(super) status: Value,
}

/// A status that differs from the cluster's.
struct Change {
    object: ObjectRef,
    uid: String,
    version: String,
    before: Value,
    status: Value,
}

impl Writer {
    /// Knows nothing yet.
    pub fn new(
        client: Client,
        fleet: Arc<Fleet>,
        controller: &str,
        bundle: watch::Receiver<Option<String>>,
        events: Events,
        metrics: Metrics,
    ) -> Self {
        Self {
            controller: controller.to_owned(),
            bundle,
            client,
            fleet,
            metrics,
            events,
            deliveries: Deliveries::default(),
            releases: BTreeMap::new(),
            written: BTreeMap::new(),
        }
    }

    /// Goes on for ever.
    ///
    /// # Errors
    /// When something that it listens to ended.
    pub async fn run(
        mut self,
        outputs: Outputs,
        mut leadership: watch::Receiver<Leadership>,
        mut workloads: watch::Receiver<Arc<Provisioned>>,
        mut projections: watch::Receiver<Arc<Findings>>,
    ) -> anyhow::Result<()> {
        let mut compiled = outputs.compiled.subscribe();
        let mut mirror = outputs.mirror.subscribe();
        let mut news = self.fleet.news();
        loop {
            let is_leader = leadership.borrow_and_update().is_me;
            let newest = compiled.borrow_and_update().clone();
            let seen = mirror.borrow_and_update().clone();
            let (made, shown) = (
                workloads.borrow_and_update().clone(),
                projections.borrow_and_update().clone(),
            );
            let (bundle, controller) = (
                self.bundle.borrow_and_update().clone(),
                self.controller.clone(),
            );
            let made = Made {
                workloads: &made,
                projections: &shown,
                bundle: bundle.as_deref(),
                controller: &controller,
            };
            news.mark_unchanged();
            let is_all = match newest.filter(|_| is_leader) {
                Some(newest) => self.pass(&newest, &seen, made).await,
                None => true,
            };
            if is_all {
                tokio::select! {
                    changed = compiled.changed() => changed?,
                    changed = mirror.changed() => changed?,
                    changed = news.changed() => changed?,
                    changed = workloads.changed() => changed?,
                    changed = projections.changed() => changed?,
                    changed = self.bundle.changed() => changed?,
                    changed = leadership.changed() => changed?,
                }
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    /// Writes some of what differs. Says whether that was all.
    async fn pass(&mut self, compiled: &Compiled, mirror: &Arc<Mirror>, made: Made<'_>) -> bool {
        let changes = self.changes(compiled, mirror, made);
        let is_all = changes.len() <= BATCH;
        let writes =
            stream::iter(changes.into_iter().take(BATCH)).map(|change| write(&self.client, change));
        let outcomes: Vec<_> = writes.buffer_unordered(AT_ONCE).collect().await;
        let mut has_failed = false;
        for (change, outcome) in outcomes {
            self.metrics
                .written(change.object.kind.as_str(), outcome.is_ok());
            match outcome {
                Ok(()) => {
                    self.events.transition(
                        &change.object,
                        &change.uid,
                        &change.before,
                        &change.status,
                    );
                    let written = Written {
                        over: change.version,
                        status: change.status,
                    };
                    self.written.insert(change.object, written);
                }
                Err(error) => {
                    has_failed = true;
                    tracing::warn!(
                        object = change.object.to_string(),
                        error = brief(&error),
                        "status can't be written"
                    );
                }
            }
        }
        if has_failed {
            tokio::time::sleep(RETRY).await;
        }
        is_all && !has_failed
    }

    fn changes(
        &mut self,
        compiled: &Compiled,
        mirror: &Arc<Mirror>,
        made: Made<'_>,
    ) -> Vec<Change> {
        self.note(compiled, mirror);
        let Self {
            fleet,
            deliveries,
            releases,
            written,
            metrics,
            ..
        } = self;
        fleet.ledger(|ledger| {
            let view = View::new(compiled, made, mirror, written, ledger, releases);
            for (gateway, heard) in &view.heard {
                metrics.data_planes(gateway, heard.reports.len());
            }
            let differs = |(object, status): (ObjectRef, Value)| {
                let live = mirror.get(&object)?;
                let before = written.get(&object).map_or(&live.status, |w| &w.status);
                let (uid, version) = (live.uid.clone(), live.version.clone());
                (status != *before).then(|| Change {
                    object,
                    uid,
                    version,
                    before: before.clone(),
                    status,
                })
            };
            view.desired(deliveries)
                .into_iter()
                .filter_map(differs)
                .collect()
        })
    }

    /// Notes what was published, and what an earlier operator wrote.
    fn note(&mut self, compiled: &Compiled, mirror: &Mirror) {
        let verdicts = &compiled.compilation.verdicts;
        let gateways: BTreeSet<GatewayKey> = compiled.facts.keys().cloned().collect();
        self.deliveries.retain(&gateways, verdicts);
        self.releases
            .retain(|gateway, _| gateways.contains(gateway));
        // Seen since: then the cluster's word counts.
        self.written.retain(|object, w| {
            mirror
                .get(object)
                .is_some_and(|live| live.version == w.over)
        });
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
                self.deliveries
                    .published(gateway, snapshot.version(), verdicts.iter());
            }
        }
        for (object, verdict) in verdicts {
            let Some(live) = mirror.get(object) else {
                continue;
            };
            if programmed(&live.status) == Some(verdict.generation) {
                self.deliveries.remember(object, verdict.generation);
            }
        }
    }
}

/// The generation that a status says is programmed.
fn programmed(status: &Value) -> Option<i64> {
    let conditions = status.get("conditions")?.as_array()?;
    let programmed = conditions
        .iter()
        .find(|c| c["type"] == "Programmed" && c["status"] == "True")?;
    programmed["observedGeneration"].as_i64()
}

async fn write(client: &Client, change: Change) -> (Change, Result<(), kube::Error>) {
    let resource = api_resource(change.object.kind);
    let ObjectRef {
        namespace, name, ..
    } = &change.object;
    let api: Api<DynamicObject> = if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    };
    let gvk = GroupVersionKind::gvk(&resource.group, &resource.version, &resource.kind);
    // With the uid, so that no object is made anew that was deleted meanwhile.
    let patch = json!({
        "apiVersion": gvk.api_version(),
        "kind": gvk.kind,
        "metadata": {"name": &**name, "uid": change.uid},
        "status": change.status,
    });
    let sent = if change.object.kind == Kind::HTTPRoute {
        // Its list of parents is one value that controllers share: only over what was seen.
        let metadata = json!({"uid": change.uid, "resourceVersion": change.version});
        let patch = json!({"metadata": metadata, "status": change.status});
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        api.patch_status(name, &params, &Patch::Merge(&patch)).await
    } else {
        let params = PatchParams::apply(FIELD_MANAGER).force();
        api.patch_status(name, &params, &Patch::Apply(&patch)).await
    };
    let outcome = match sent {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        // Another object of that name by now, or another status: that will be seen.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error),
    };
    (change, outcome)
}
