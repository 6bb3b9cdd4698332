//! AIGateways show what they stand for: a Gateway, HTTPRoutes, Upstreams and RoutePolicies that they own.
//!
//! Nobody compiles these objects; they are for people and for other tools. They never hold a credential.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::ApiResource;
use serde::Serialize;
use serde_json::{Value, json};
use sluice_compiler::Expanded;
use sluice_compiler::expand::Generated;
use sluice_vocab::{Finding, Kind, ObjectRef, Reason};
use tokio::sync::watch;

use super::apply::{Applier, Extent, Outcome, Seen};
use crate::brief::brief;
use crate::clock::now;
use crate::drive::{Pass, drive};
use crate::leader::Leadership;
use crate::memo::Memo;
use crate::metrics::Metrics;
use crate::release::{Compiled, Outputs};
use crate::watch::api_resource;
use crate::workload::FIELD_MANAGER;
use crate::world::Mirror;

const RESYNC: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(5);
/// Kinds of projections.
const KINDS: [Kind; 4] = [
    Kind::Gateway,
    Kind::Upstream,
    Kind::RoutePolicy,
    Kind::HTTPRoute,
];

/// What is wrong with projections, by AIGateway.
pub type Findings = BTreeMap<ObjectRef, Vec<Finding>>;

/// Objects of one AIGateway.
type Objects = Arc<Vec<(ObjectRef, Arc<Value>)>>;

/// Writes projections, while this replica leads.
pub struct Projections {
    applier: Applier,
    findings: watch::Sender<Arc<Findings>>,
    /// By AIGateway, from its uid and what it stands for.
    objects: Memo<ObjectRef, (String, Expanded), Objects>,
}

impl Projections {
    /// Knows nothing yet. `client` writes only while this replica leads.
    pub fn new(client: Client, findings: watch::Sender<Arc<Findings>>, metrics: Metrics) -> Self {
        Self {
            applier: Applier::new(client, FIELD_MANAGER, metrics),
            findings,
            objects: Memo::default(),
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

    /// What an AIGateway stands for. Says whether all of it could be tried.
    async fn project(
        &mut self,
        parent: &ObjectRef,
        uid: &str,
        objects: &Objects,
        mirror: &Mirror,
        findings: &mut Findings,
    ) -> bool {
        let mut is_done = true;
        for (object, value) in objects.iter() {
            let seen = mirror
                .get(object)
                .map(|l| Seen::new(l.generation, &l.version, &l.controller));
            let resource = api_resource(object.kind);
            let ensured = self
                .applier
                .ensure(&resource, value, uid, seen.as_ref(), Extent::Whole);
            match ensured.await {
                // Of a conflict the compiler says so already.
                Outcome::Kept | Outcome::Held | Outcome::Conflict => {}
                Outcome::Overtaken => is_done = false,
                Outcome::Absent => {
                    is_done = false;
                    let finding = Finding::error(Reason::GatewayApiMissing, "", absent(&resource));
                    let of_parent = findings.entry(parent.clone()).or_default();
                    if !of_parent.contains(&finding) {
                        of_parent.push(finding);
                    }
                }
                Outcome::Failed(error) => tracing::warn!(
                    object = object.to_string(),
                    error = brief(&error),
                    "a projection can't be written"
                ),
            }
        }
        is_done
    }

    /// Projections that nobody wants any more: of AIGateways that stand for something else now, or were given to another controller.
    /// Those of AIGateways that were deleted go by themselves; those of AIGateways that are off, can't be read or lost their class stay.
    async fn remove(&mut self, compiled: &Compiled, wanted: &BTreeSet<ObjectRef>, mirror: &Mirror) {
        let expanded = &compiled.compilation.expanded;
        let is_ours_to_say = |object: &ObjectRef| {
            expanded.contains_key(object) || compiled.handed_over.contains(object)
        };
        let parents: BTreeSet<&str> = mirror
            .iter()
            .filter(|(object, _)| object.kind == Kind::AIGateway && is_ours_to_say(object))
            .map(|(_, live)| live.uid.as_str())
            .collect();
        for (object, live) in mirror
            .iter()
            .filter(|(object, _)| KINDS.contains(&object.kind))
        {
            if !parents.contains(live.controller.as_str()) || wanted.contains(object) {
                continue;
            }
            let resource = api_resource(object.kind);
            let outcome = self
                .applier
                .delete(&resource, &object.namespace, &object.name, &live.uid)
                .await;
            if let Err(error) = outcome {
                tracing::warn!(
                    object = object.to_string(),
                    error = brief(&error),
                    "a projection can't be deleted"
                );
            }
        }
    }
}

impl Pass for Projections {
    async fn turn(
        &mut self,
        compiled: &Arc<Compiled>,
        mirror: &Arc<Mirror>,
    ) -> Option<std::time::Instant> {
        let mut findings = Findings::new();
        let mut is_done = true;
        let mut wanted = BTreeSet::new();
        let expanded = &compiled.compilation.expanded;
        self.objects.retain(|parent| expanded.contains_key(parent));
        for (parent, expanded) in expanded {
            let Some(live) = mirror.get(parent) else {
                continue;
            };
            let made_of = (live.uid.clone(), expanded.clone());
            let objects = self.objects.get(parent, made_of, |(uid, expanded)| {
                Arc::new(objects(parent, uid, expanded))
            });
            wanted.extend(objects.iter().map(|(object, _)| object.clone()));
            is_done &= self
                .project(parent, &live.uid, &objects, mirror, &mut findings)
                .await;
        }
        self.remove(compiled, &wanted, mirror).await;
        self.findings.send_if_modified(|old| {
            let is_other = **old != findings;
            *old = Arc::new(findings);
            is_other
        });
        let again = now() + if is_done { RESYNC } else { RETRY };
        Some(self.applier.retry().map_or(again, |retry| retry.min(again)))
    }

    async fn news(&mut self) -> anyhow::Result<()> {
        std::future::pending().await
    }
}

fn absent(resource: &ApiResource) -> String {
    format!(
        "the cluster has no kind {} of {}: install the CRDs of Gateway API",
        resource.kind, resource.api_version
    )
}

/// What an AIGateway stands for, as objects to apply.
fn objects(parent: &ObjectRef, uid: &str, expanded: &Expanded) -> Vec<(ObjectRef, Arc<Value>)> {
    let mut objects = Vec::new();
    let owner = json!([{
        "apiVersion": format!("{}/{}", sluice_crds::GROUP, sluice_crds::VERSION),
        "kind": "AIGateway",
        "name": *parent.name,
        "uid": uid,
        "controller": true,
    }]);
    add(
        &mut objects,
        Kind::Gateway,
        std::slice::from_ref(&expanded.gateway),
        &owner,
    );
    add(&mut objects, Kind::Upstream, &expanded.upstreams, &owner);
    add(
        &mut objects,
        Kind::RoutePolicy,
        &expanded.route_policies,
        &owner,
    );
    add(&mut objects, Kind::HTTPRoute, &expanded.http_routes, &owner);
    objects
}

fn add<T: Serialize>(
    objects: &mut Vec<(ObjectRef, Arc<Value>)>,
    kind: Kind,
    generated: &[Generated<T>],
    owner: &Value,
) {
    let resource = api_resource(kind);
    for g in generated {
        let meta = &g.object.meta;
        let Ok(spec) = serde_json::to_value(&g.object.spec) else {
            continue;
        };
        let value = json!({
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {
                "name": *meta.name.name,
                "namespace": *meta.name.namespace,
                "labels": meta.labels,
                "annotations": meta.annotations,
                "ownerReferences": owner,
            },
            "spec": spec,
        });
        let object = ObjectRef {
            kind,
            namespace: meta.name.namespace.clone(),
            name: meta.name.name.clone(),
        };
        objects.push((object, Arc::new(value)));
    }
}

#[cfg(test)]
mod tests;
