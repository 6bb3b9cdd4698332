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
use super::backlog::{Backlog, Change, Outcome};
use super::view::Newest;
use crate::api;
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

type Write = std::pin::Pin<Box<dyn Future<Output = (Change, Outcome)> + Send>>;

/// Writes status, while this replica leads.
pub struct Writer {
    client: Client,
    fleet: Arc<Fleet>,
    metrics: Metrics,
    events: Events,
    sources: Sources,
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
        let news = self.fleet.news();
        let status = Status { writer: self, news };
        drive(status, outputs, leadership).await
    }

    /// Begins as many writes as may be under way.
    fn fill(&mut self) {
        while self.flight.len() < AT_ONCE
            && let Some(change) = self.backlog.take(api::now())
        {
            let client = self.client.clone();
            self.flight.push(Box::pin(async move {
                let outcome = write(&client, &change).await;
                (change, outcome)
            }));
        }
    }

    fn settle(&mut self, change: &Change, outcome: &Outcome) {
        let is_ok = !matches!(outcome, Outcome::Failed(_));
        self.metrics.written(change.object.kind.as_str(), is_ok);
        self.backlog.settle(change, outcome, api::now());
        match outcome {
            Outcome::Written => {
                self.events
                    .transition(&change.object, &change.uid, &change.before, &change.status)
            }
            Outcome::Overtaken => {}
            Outcome::Failed(error) => tracing::warn!(
                object = change.object.to_string(),
                error = brief(error),
                "status can't be written"
            ),
        }
    }
}

/// The writer, driven.
struct Status {
    writer: Writer,
    news: watch::Receiver<u64>,
}

impl Pass for Status {
    async fn turn(
        &mut self,
        compiled: &Arc<Compiled>,
        mirror: &Arc<Mirror>,
    ) -> Option<std::time::Instant> {
        // Marked before the ledger is read: what comes after is news.
        self.news.mark_unchanged();
        let writer = &mut self.writer;
        let newest = Newest {
            compiled: compiled.clone(),
            mirror: mirror.clone(),
            workloads: writer.sources.workloads.borrow_and_update().clone(),
            projections: writer.sources.projections.borrow_and_update().clone(),
            ledger: writer.fleet.ledger(),
            bundle: writer.sources.bundle.borrow_and_update().clone(),
        };
        let stamp = jiff::Timestamp::now()
            .round(jiff::Unit::Second)
            .unwrap_or_default()
            .to_string();
        writer.backlog.look(&newest, &stamp);
        for (gateway, count) in writer.backlog.data_planes() {
            writer.metrics.data_planes(gateway, count);
        }
        writer.fill();
        writer.backlog.retry(api::now())
    }

    async fn news(&mut self) -> anyhow::Result<()> {
        let writer = &mut self.writer;
        loop {
            tokio::select! {
                Some((change, outcome)) = writer.flight.next() => {
                    writer.settle(&change, &outcome);
                    writer.fill();
                    if matches!(outcome, Outcome::Failed(_)) {
                        // So that it is known when to try again.
                        return Ok(());
                    }
                }
                changed = self.news.changed() => return Ok(changed?),
                changed = writer.sources.workloads.changed() => return Ok(changed?),
                changed = writer.sources.projections.changed() => return Ok(changed?),
                changed = writer.sources.bundle.changed() => return Ok(changed?),
            }
        }
    }

    fn rest(&mut self) {
        self.writer.backlog.rest();
    }
}

async fn write(client: &Client, change: &Change) -> Outcome {
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
        Ok(_) => Outcome::Written,
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Outcome::Overtaken,
        Err(error) => Outcome::Failed(error),
    }
}

#[cfg(test)]
mod tests;
