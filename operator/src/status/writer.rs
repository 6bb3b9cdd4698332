//! Writes what differs.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::json;
use sluice_vocab::{Kind, ObjectRef};
use tokio::sync::watch;

use super::FIELD_MANAGER;
use super::backlog::{Backlog, Change, Sent};
use super::view::Moment;
use crate::brief::brief;
use crate::drive::{Pass, drive};
use crate::events::Events;
use crate::fleet::Fleet;
use crate::leader::Leadership;
use crate::metrics::Metrics;
use crate::provision::{Findings, Provisioned};
use crate::release::{Compiled, Outputs};
use crate::watch::api_resource;
use crate::world::Mirror;

/// So many are written at once. One that the API server doesn't answer takes one of these places, until its time is over.
const AT_ONCE: usize = 8;

type Write = std::pin::Pin<Box<dyn Future<Output = (Change, Sent)> + Send>>;

/// Writes status, while this replica leads.
pub struct Writer {
    client: Client,
    fleet: Arc<Fleet>,
    metrics: Metrics,
    events: Events,
    sources: Sources,
    news: watch::Receiver<u64>,
    backlog: Backlog,
    flight: FuturesUnordered<Write>,
}

/// What status depends on beside compilations and the mirror.
#[derive(Debug)]
pub struct Sources {
    /// What became of the workloads.
    pub workloads: watch::Receiver<Arc<Provisioned>>,
    /// What is wrong with projections.
    pub projections: watch::Receiver<Arc<Findings>>,
    /// The version of Gateway API's CRDs.
    pub bundle: watch::Receiver<Option<String>>,
}

impl Writer {
    /// Knows nothing yet. `client` writes only while this replica leads.
    pub fn new(
        client: Client,
        fleet: Arc<Fleet>,
        controller: &str,
        sources: Sources,
        events: Events,
        metrics: Metrics,
    ) -> Self {
        Self {
            client,
            news: fleet.news(),
            fleet,
            metrics,
            events,
            sources,
            backlog: Backlog::new(controller),
            flight: FuturesUnordered::new(),
        }
    }

    /// Goes on for ever.
    ///
    /// # Errors
    /// When something that it listens to ended.
    pub async fn run(
        self,
        outputs: Outputs,
        leadership: watch::Receiver<Leadership>,
    ) -> anyhow::Result<()> {
        drive(self, outputs, leadership).await
    }

    /// Begins as many writes as may be under way.
    fn fill(&mut self) {
        while self.flight.len() < AT_ONCE
            && let Some(change) = self.backlog.take(crate::clock::now())
        {
            let client = self.client.clone();
            self.flight.push(Box::pin(async move {
                let outcome = write(&client, &change).await;
                (change, outcome)
            }));
        }
    }

    fn settle(&mut self, change: &Change, outcome: &Sent) {
        let is_ok = !matches!(outcome, Sent::Failed(_));
        self.metrics.written(change.object.kind.as_str(), is_ok);
        self.backlog.settle(change, outcome, crate::clock::now());
        match outcome {
            Sent::Written => {
                self.events
                    .transition(&change.object, &change.uid, &change.before, &change.status)
            }
            Sent::Overtaken => {}
            Sent::Failed(error) => tracing::warn!(
                object = change.object.to_string(),
                error = brief(error),
                "status can't be written"
            ),
        }
    }
}

impl Pass for Writer {
    async fn turn(
        &mut self,
        compiled: &Arc<Compiled>,
        mirror: &Arc<Mirror>,
    ) -> Option<std::time::Instant> {
        // Marked before the ledger is read: what comes after is news.
        self.news.mark_unchanged();
        let moment = Moment {
            compiled: compiled.clone(),
            mirror: mirror.clone(),
            workloads: self.sources.workloads.borrow_and_update().clone(),
            projections: self.sources.projections.borrow_and_update().clone(),
            ledger: self.fleet.ledger(),
            bundle: self.sources.bundle.borrow_and_update().clone(),
        };
        let stamp = jiff::Timestamp::now()
            .round(jiff::Unit::Second)
            .unwrap_or_default()
            .to_string();
        self.backlog.look(&moment, &stamp);
        for (gateway, count) in self.backlog.data_planes() {
            self.metrics.data_planes(gateway, count);
        }
        self.fill();
        self.backlog.retry(crate::clock::now())
    }

    async fn news(&mut self) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                Some((change, outcome)) = self.flight.next() => {
                    self.settle(&change, &outcome);
                    self.fill();
                    if matches!(outcome, Sent::Failed(_)) {
                        // So that it is known when to try again.
                        return Ok(());
                    }
                }
                changed = self.news.changed() => return Ok(changed?),
                changed = self.sources.workloads.changed() => return Ok(changed?),
                changed = self.sources.projections.changed() => return Ok(changed?),
                changed = self.sources.bundle.changed() => return Ok(changed?),
            }
        }
    }

    fn rest(&mut self) {
        self.backlog.rest();
    }
}

async fn write(client: &Client, change: &Change) -> Sent {
    let resource = api_resource(change.object.kind);
    let ObjectRef {
        namespace, name, ..
    } = &change.object;
    let api: Api<DynamicObject> = if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    };
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
        // With the uid, so that no object is made anew that was deleted meanwhile.
        let patch = json!({
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": &**name, "uid": change.uid},
            "status": change.status,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        api.patch_status(name, &params, &Patch::Apply(&patch)).await
    };
    match sent {
        Ok(_) => Sent::Written,
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Sent::Overtaken,
        Err(error) => Sent::Failed(error),
    }
}

#[cfg(test)]
mod tests;
