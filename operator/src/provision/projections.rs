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
use crate::leader::Leadership;
use crate::metrics::Metrics;
use crate::release::{Compiled, Outputs};
use crate::watch::api_resource;
use crate::workload::FIELD_MANAGER;
use crate::world::Mirror;

const RESYNC: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(5);
/// Changes that are closer together are one.
const GATHER: Duration = Duration::from_millis(50);
/// Kinds of projections.
const KINDS: [Kind; 4] = [
    Kind::Gateway,
    Kind::Upstream,
    Kind::RoutePolicy,
    Kind::HTTPRoute,
];

/// What is wrong with projections, by AIGateway.
pub type Findings = BTreeMap<ObjectRef, Vec<Finding>>;

/// Writes projections, while this replica leads.
pub struct Projections {
    applier: Applier,
    findings: watch::Sender<Arc<Findings>>,
}

impl Projections {
    /// Knows nothing yet.
    pub fn new(client: Client, findings: watch::Sender<Arc<Findings>>, metrics: Metrics) -> Self {
        Self {
            applier: Applier::new(client, FIELD_MANAGER, metrics),
            findings,
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
    ) -> anyhow::Result<()> {
        let mut compiled = outputs.compiled.subscribe();
        let mut mirror = outputs.mirror.subscribe();
        loop {
            let is_leader = leadership.borrow_and_update().is_me;
            let newest = compiled.borrow_and_update().clone();
            let seen = mirror.borrow_and_update().clone();
            let is_done = match newest.filter(|_| is_leader) {
                Some(newest) => self.pass(&newest, &seen).await,
                None => true,
            };
            let again = if is_done { RESYNC } else { RETRY };
            tokio::select! {
                changed = compiled.changed() => changed?,
                changed = mirror.changed() => changed?,
                changed = leadership.changed() => changed?,
                () = tokio::time::sleep(again) => {}
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    async fn pass(&mut self, compiled: &Compiled, mirror: &Mirror) -> bool {
        let mut findings = Findings::new();
        let mut is_done = true;
        let mut wanted = BTreeSet::new();
        for (parent, expanded) in &compiled.compilation.expanded {
            let Some(live) = mirror.get(parent) else {
                continue;
            };
            for (object, value) in objects(parent, &live.uid, expanded) {
                wanted.insert(object.clone());
                is_done &= self
                    .project(parent, &live.uid, &object, &value, mirror, &mut findings)
                    .await;
            }
        }
        is_done &= self.remove(&wanted, mirror).await;
        self.findings.send_if_modified(|old| {
            let is_other = **old != findings;
            *old = Arc::new(findings);
            is_other
        });
        is_done
    }

    async fn project(
        &mut self,
        parent: &ObjectRef,
        uid: &str,
        object: &ObjectRef,
        value: &Value,
        mirror: &Mirror,
        findings: &mut Findings,
    ) -> bool {
        let seen = mirror
            .get(object)
            .map(|l| Seen::new(l.generation, &l.version, &l.controller));
        let resource = api_resource(object.kind);
        let finding = match self
            .applier
            .ensure(&resource, value, uid, seen.as_ref(), Extent::Whole)
            .await
        {
            Outcome::Kept => return true,
            // The compiler says so already.
            Outcome::Conflict => return true,
            Outcome::Absent => Finding::error(Reason::GatewayApiMissing, "", absent(&resource)),
            Outcome::Failed(error) => {
                tracing::warn!(
                    object = object.to_string(),
                    error = brief(&error),
                    "a projection can't be written"
                );
                return false;
            }
        };
        let of_parent = findings.entry(parent.clone()).or_default();
        if !of_parent.contains(&finding) {
            of_parent.push(finding);
        }
        false
    }

    /// Projections that nobody wants any more. Those of AIGateways that were deleted go by themselves.
    async fn remove(&mut self, wanted: &BTreeSet<ObjectRef>, mirror: &Mirror) -> bool {
        let parents: BTreeSet<&str> = mirror
            .iter()
            .filter(|(object, _)| object.kind == Kind::AIGateway)
            .map(|(_, live)| live.uid.as_str())
            .collect();
        let mut is_done = true;
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
                is_done = false;
            }
        }
        is_done
    }
}

fn absent(resource: &ApiResource) -> String {
    format!(
        "the cluster has no kind {} of {}: install the CRDs of Gateway API",
        resource.kind, resource.api_version
    )
}

/// What an AIGateway stands for, as objects to apply.
fn objects(parent: &ObjectRef, uid: &str, expanded: &Expanded) -> Vec<(ObjectRef, Value)> {
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
    objects: &mut Vec<(ObjectRef, Value)>,
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
        objects.push((object, value));
    }
}
