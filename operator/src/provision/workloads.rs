//! Gateways get what carries their traffic.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, Service};
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_vocab::{Finding, GatewayKey, Kind, ObjectRef, Reason};
use tokio::sync::watch;

use super::apply::{Applier, Extent, Outcome, Seen};
use super::owned::{Owned, Store, config_maps, resource};
use super::{Newest, Pods, Provisioned, gone};
use crate::brief::brief;
use crate::leader::Leadership;
use crate::metrics::Metrics;
use crate::release::{Compiled, Outputs};
use crate::watch::Reach;
use crate::workload::{
    Candidate, Desired, FIELD_MANAGER, GatewayFacts, HAND_OVER_MANAGER, Object, Observed, Step,
    WorkloadKind, WorkloadSettings, addresses, desired, hand_over, held, rollout,
};
use crate::world::Mirror;

/// Everything is looked at again after so long, also when nothing seems to have changed.
const RESYNC: Duration = Duration::from_secs(60);
/// After a failure.
const RETRY: Duration = Duration::from_secs(3);
/// Changes that are closer together are one.
const GATHER: Duration = Duration::from_millis(50);

/// Gives Gateways what carries their traffic, while this replica leads.
pub struct Workloads {
    client: Client,
    settings: WorkloadSettings,
    owned: Owned,
    applier: Applier,
    bundle: watch::Receiver<String>,
    newest: Newest,
}

/// One Gateway and what it should have.
struct Plan<'a> {
    facts: &'a GatewayFacts,
    desired: Desired,
    deployment: Option<Deployment>,
}

impl Workloads {
    /// Must be called within a runtime: it begins to watch.
    pub fn new(
        client: Client,
        reach: &Reach,
        settings: WorkloadSettings,
        bundle: watch::Receiver<String>,
        newest: Newest,
        metrics: Metrics,
    ) -> Self {
        Self {
            owned: Owned::start(&client, reach),
            applier: Applier::new(client.clone(), FIELD_MANAGER, metrics),
            client,
            settings,
            bundle,
            newest,
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
            let store = self.owned.store.borrow_and_update().clone();
            self.bundle.mark_unchanged();
            let seen = mirror.borrow_and_update().clone();
            let is_done = match (newest, store) {
                (Some(newest), Some(store)) if is_leader => self.pass(&newest, &store, &seen).await,
                _ => true,
            };
            let again = if is_done { RESYNC } else { RETRY };
            tokio::select! {
                changed = compiled.changed() => changed?,
                changed = self.owned.store.changed() => changed?,
                ended = self.owned.tasks.ended() => return Err(ended.into()),
                changed = self.bundle.changed() => changed?,
                changed = leadership.changed() => changed?,
                () = tokio::time::sleep(again) => {}
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Looks at everything. Says whether all is as it should be.
    async fn pass(&mut self, compiled: &Compiled, store: &Store, mirror: &Mirror) -> bool {
        let mut provisioned = Provisioned::default();
        let plans: Vec<Plan<'_>> = compiled
            .facts
            .values()
            .filter(|f| !f.uid.is_empty())
            .map(|f| plan(f, &self.settings, store))
            .collect();
        let candidates: Vec<Candidate> = plans
            .iter()
            .map(|p| Candidate::new(p.facts, &p.desired, p.deployment.as_ref()))
            .collect();
        let steps = rollout(&candidates);
        let mut is_done = true;
        for plan in &plans {
            let step = steps.get(&plan.facts.key);
            is_done &= self.provide(plan, step, store, &mut provisioned).await;
            let addresses = self.addresses(plan, store).await;
            provisioned
                .addresses
                .insert(plan.facts.key.clone(), addresses);
            provisioned
                .pods
                .insert(plan.facts.key.clone(), pods(plan.deployment.as_ref()));
        }
        is_done &= gone::delete(&mut self.applier, compiled, store, mirror).await;
        self.newest.send_if_modified(|old| {
            let is_other = **old != provisioned;
            *old = Arc::new(provisioned);
            is_other
        });
        is_done
    }

    async fn provide(
        &mut self,
        plan: &Plan<'_>,
        step: Option<&Step>,
        store: &Store,
        provisioned: &mut Provisioned,
    ) -> bool {
        let facts = plan.facts;
        let mut findings = plan.desired.gateway_findings.clone();
        let mut is_done = true;
        let bundle = self.config_map(plan);
        let mut values = vec![(config_maps(), bundle)];
        for object in &plan.desired.objects {
            let is_held = matches!(step, Some(Step::Hold(_)));
            match (object, &plan.deployment) {
                (Object::Deployment(wanted), Some(there)) => {
                    is_done &= self.hand_over(wanted, there).await;
                    let wanted = if is_held {
                        held(wanted, there)
                    } else {
                        (**wanted).clone()
                    };
                    let value = Object::Deployment(Box::new(wanted)).to_value();
                    values.extend(value.ok().map(|v| (resource(WorkloadKind::Deployment), v)));
                }
                _ => values.extend(object.to_value().ok().map(|v| (resource(object.kind()), v))),
            }
        }
        for (resource, value) in values {
            let key = (
                resource.kind.clone(),
                facts.key.namespace.to_string(),
                name_of(&value),
            );
            let seen = store.get(&key).map(|o| Seen::of(o));
            match self
                .applier
                .ensure(&resource, &value, &facts.uid, seen.as_ref(), Extent::Fields)
                .await
            {
                Outcome::Kept | Outcome::Absent => {}
                Outcome::Conflict => findings.push(conflict(&key.0, &key.1, &key.2)),
                Outcome::Failed(error) => {
                    is_done = false;
                    tracing::warn!(
                        kind = key.0,
                        name = key.2,
                        error = brief(&error),
                        "an object can't be written"
                    );
                }
            }
        }
        for kind in plan.desired.absent() {
            is_done &= self.remove(kind, plan, store).await;
        }
        let ai_findings = plan.desired.ai_gateway_findings.clone();
        note(provisioned, Kind::Gateway, &facts.key, findings);
        note(provisioned, Kind::AIGateway, &facts.key, ai_findings);
        is_done
    }

    /// The operator's certificates, for the pods to mount.
    fn config_map(&self, plan: &Plan<'_>) -> Value {
        let like = plan
            .desired
            .objects
            .first()
            .map(Object::metadata)
            .cloned()
            .unwrap_or_default();
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": format!("{}-ca", plan.desired.name),
                "namespace": *plan.facts.key.namespace,
                "labels": like.labels,
                "ownerReferences": like.owner_references,
            },
            "data": {"ca.crt": *self.bundle.borrow()},
        })
    }

    async fn hand_over(&self, desired: &Deployment, observed: &Deployment) -> bool {
        let Some(patch) = hand_over(desired, observed) else {
            return true;
        };
        let namespace = observed.namespace().unwrap_or_default();
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &namespace);
        let params = PatchParams::apply(HAND_OVER_MANAGER).force();
        let outcome = api
            .patch(&observed.name_any(), &params, &Patch::Apply(&patch))
            .await;
        outcome
            .inspect_err(|error| {
                tracing::warn!(error = brief(error), "replicas can't be handed over")
            })
            .is_ok()
    }

    async fn remove(&mut self, kind: WorkloadKind, plan: &Plan<'_>, store: &Store) -> bool {
        let namespace = plan.facts.key.namespace.to_string();
        let key = (
            kind.as_str().to_owned(),
            namespace,
            plan.desired.name.clone(),
        );
        let Some(there) = store
            .get(&key)
            .filter(|o| Seen::of(o).controller == plan.facts.uid)
        else {
            return true;
        };
        let uid = there.uid().unwrap_or_default();
        let outcome = self
            .applier
            .delete(&resource(kind), &key.1, &key.2, &uid)
            .await;
        outcome
            .inspect_err(|error| {
                tracing::warn!(
                    kind = key.0,
                    error = brief(error),
                    "an object can't be deleted"
                )
            })
            .is_ok()
    }

    async fn addresses(&self, plan: &Plan<'_>, store: &Store) -> Vec<(String, String)> {
        let namespace = plan.facts.key.namespace.to_string();
        let Some(service) =
            find::<Service>(store, WorkloadKind::Service, &namespace, &plan.desired.name)
        else {
            return Vec::new();
        };
        let is_on_nodes =
            service.spec.as_ref().and_then(|s| s.type_.as_deref()) == Some("NodePort");
        let nodes = if is_on_nodes {
            self.nodes().await
        } else {
            Vec::new()
        };
        let found = addresses(&service, &nodes).into_iter();
        found
            .map(|a| (a.r#type.unwrap_or_else(|| "IPAddress".to_owned()), a.value))
            .collect()
    }

    async fn nodes(&self) -> Vec<Node> {
        let api: Api<Node> = Api::all(self.client.clone());
        let listed = api.list(&ListParams::default()).await;
        listed
            .inspect_err(|error| tracing::warn!(error = brief(error), "nodes can't be listed"))
            .map(|l| l.items)
            .unwrap_or_default()
    }
}

fn plan<'a>(facts: &'a GatewayFacts, settings: &WorkloadSettings, store: &Store) -> Plan<'a> {
    let desired = desired(facts, settings);
    let deployment = find(
        store,
        WorkloadKind::Deployment,
        &facts.key.namespace,
        &desired.name,
    );
    Plan {
        facts,
        desired,
        deployment,
    }
}

fn pods(deployment: Option<&Deployment>) -> Pods {
    let observed = deployment.map(Observed::read).unwrap_or_default();
    match observed.ready {
        0 if observed.is_overdue => Pods::Overdue,
        0 => Pods::Coming,
        _ => Pods::Ready,
    }
}

fn find<T: DeserializeOwned>(
    store: &Store,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
) -> Option<T> {
    let object: &Arc<DynamicObject> = store.get(&(
        kind.as_str().to_owned(),
        namespace.to_owned(),
        name.to_owned(),
    ))?;
    serde_json::from_value(serde_json::to_value(&**object).ok()?).ok()
}

fn name_of(value: &Value) -> String {
    value
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn conflict(kind: &str, namespace: &str, name: &str) -> Finding {
    let message = format!(
        "{kind} {namespace}/{name} exists already and is somebody else's: delete or rename it, or rename the Gateway"
    );
    Finding::error(Reason::NameConflict, "", message)
}

fn note(provisioned: &mut Provisioned, kind: Kind, gateway: &GatewayKey, findings: Vec<Finding>) {
    if !findings.is_empty() {
        let object = ObjectRef {
            kind,
            namespace: gateway.namespace.clone(),
            name: gateway.name.clone(),
        };
        provisioned
            .findings
            .entry(object)
            .or_default()
            .extend(findings);
    }
}
