//! Gateways get what carries their traffic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, Service};
use kube::api::{Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_crds::gateway_api::gateways::GatewayStatusAddresses;
use sluice_vocab::{Finding, GatewayKey, Kind, ObjectRef, Reason};
use tokio::sync::watch;

use super::apply::{Applier, Extent, Outcome, Seen};
use super::owned::{Owned, Store, config_maps, resource};
use super::{Newest, Pods, Provisioned, gone};
use crate::brief::brief;
use crate::clock::now;
use crate::drive::{Pass, drive};
use crate::leader::Leadership;
use crate::memo::Memo;
use crate::metrics::Metrics;
use crate::release::{Compiled, Outputs};
use crate::watch::Reach;
use crate::workload::{
    Candidate, Desired, FIELD_MANAGER, GatewayFacts, HAND_OVER_MANAGER, Object, Observed, Step,
    WorkloadKind, WorkloadSettings, addresses, desired, hand_over, held, object_name, rollout,
    yielding,
};
use crate::world::Mirror;

/// Everything is looked at again after so long, also when nothing seems to have changed.
const RESYNC: Duration = Duration::from_secs(60);
/// After a failure.
const RETRY: Duration = Duration::from_secs(3);

/// Gives Gateways what carries their traffic, while this replica leads.
pub struct Workloads {
    client: Client,
    settings: WorkloadSettings,
    owned: Owned,
    applier: Applier,
    bundle: watch::Receiver<String>,
    newest: Newest,
    desired: Memo<GatewayKey, GatewayFacts, Arc<Desired>>,
    /// By the version of the object that each was read from.
    deployments: Memo<GatewayKey, Option<String>, Option<Arc<Deployment>>>,
}

/// One Gateway and what it should have.
struct Plan<'a> {
    facts: &'a GatewayFacts,
    desired: Arc<Desired>,
    deployment: Option<Arc<Deployment>>,
}

impl Workloads {
    /// Must be called within a runtime: it begins to watch. `client` writes only while this replica leads.
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
            desired: Memo::default(),
            deployments: Memo::default(),
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

    fn plan<'a>(&mut self, facts: &'a GatewayFacts, store: &Store) -> Plan<'a> {
        let make = |facts: &GatewayFacts| Arc::new(desired(facts, &self.settings));
        let desired = self.desired.get(&facts.key, facts.clone(), make);
        let there = stored(
            store,
            WorkloadKind::Deployment,
            &facts.key.namespace,
            &desired.name,
        );
        let version = there.and_then(|object| object.resource_version());
        let deployment = self
            .deployments
            .get(&facts.key, version, |_| there.and_then(read).map(Arc::new));
        Plan {
            facts,
            desired,
            deployment,
        }
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
        let (objects, mut is_done) = self.objects(plan, step).await;
        for (resource, value, extent) in objects {
            let key = (
                resource.kind.clone(),
                facts.key.namespace.to_string(),
                name_of(&value),
            );
            let seen = store.get(&key).map(|o| Seen::of(o));
            match self
                .applier
                .ensure(&resource, &value, &facts.uid, seen.as_ref(), extent)
                .await
            {
                Outcome::Kept | Outcome::Absent | Outcome::Held => {}
                Outcome::Overtaken => is_done = false,
                Outcome::Conflict => findings.push(conflict(&key.0, &key.1, &key.2)),
                Outcome::Failed(error) => tracing::warn!(
                    kind = key.0,
                    name = key.2,
                    error = brief(&error),
                    "an object can't be written"
                ),
            }
        }
        for kind in plan.desired.absent() {
            self.remove(kind, plan, store).await;
        }
        let ai_findings = plan.desired.ai_gateway_findings.clone();
        note(provisioned, Kind::Gateway, &facts.key, findings);
        note(provisioned, Kind::AIGateway, &facts.key, ai_findings);
        is_done
    }

    /// What to apply, in this order; and whether that is all.
    async fn objects(
        &self,
        plan: &Plan<'_>,
        step: Option<&Step>,
    ) -> (Vec<(ApiResource, Arc<Value>, Extent)>, bool) {
        let mut is_all = true;
        let bundle = Arc::new(self.config_map(plan));
        let mut values = vec![(config_maps(), bundle, Extent::Fields)];
        for object in &plan.desired.objects {
            let (value, extent) = match (object, &plan.deployment) {
                (Object::Deployment(wanted), Some(there)) => {
                    if !self.hand_over(wanted, there).await {
                        // Applied without, it would go back to one pod.
                        is_all = false;
                        continue;
                    }
                    let wanted = match step {
                        Some(Step::Hold(_)) => held(wanted, there),
                        _ => (**wanted).clone(),
                    };
                    let wanted = Object::Deployment(Box::new(yielding(wanted, there)));
                    (wanted.to_value(), Extent::Seen)
                }
                _ => (object.to_value(), Extent::Fields),
            };
            let resource = resource(object.kind());
            values.extend(value.ok().map(|v| (resource, Arc::new(v), extent)));
        }
        (values, is_all)
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

    async fn remove(&mut self, kind: WorkloadKind, plan: &Plan<'_>, store: &Store) {
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
            return;
        };
        let uid = there.uid().unwrap_or_default();
        let outcome = self
            .applier
            .delete(&resource(kind), &key.1, &key.2, &uid)
            .await;
        if let Err(error) = outcome {
            tracing::warn!(
                kind = key.0,
                error = brief(&error),
                "an object can't be deleted"
            );
        }
    }

    async fn nodes(&self) -> Vec<Node> {
        let api: Api<Node> = Api::all(self.client.clone());
        let listed = api.list(&ListParams::default()).await;
        listed
            .inspect_err(|error| tracing::warn!(error = brief(error), "nodes can't be listed"))
            .map(|l| l.items)
            .unwrap_or_default()
    }

    /// Where each Gateway is reached, also one that is kept as it is.
    async fn addresses(
        &self,
        compiled: &Compiled,
        store: &Store,
    ) -> BTreeMap<GatewayKey, Vec<(String, String)>> {
        let service = |facts: &GatewayFacts| -> Option<(GatewayKey, Service)> {
            let key = facts.key.clone();
            let name = object_name(facts);
            let there = stored(store, WorkloadKind::Service, &key.namespace, &name)?;
            Some((key, read(there)?))
        };
        let all = compiled.facts.values().filter(|f| !f.uid.is_empty());
        let all = all.chain(compiled.kept.values());
        let services: Vec<(GatewayKey, Service)> = all.filter_map(service).collect();
        let is_on_nodes = |(_, service): &(GatewayKey, Service)| {
            service.spec.as_ref().and_then(|s| s.type_.as_deref()) == Some("NodePort")
        };
        let nodes = if services.iter().any(is_on_nodes) {
            self.nodes().await
        } else {
            Vec::new()
        };
        let pair = |a: GatewayStatusAddresses| {
            (a.r#type.unwrap_or_else(|| "IPAddress".to_owned()), a.value)
        };
        services
            .into_iter()
            .map(|(key, service)| {
                (
                    key,
                    addresses(&service, &nodes).into_iter().map(pair).collect(),
                )
            })
            .collect()
    }
}

impl Pass for Workloads {
    async fn turn(
        &mut self,
        compiled: &Arc<Compiled>,
        mirror: &Arc<Mirror>,
    ) -> Option<std::time::Instant> {
        let store = self.owned.store.borrow_and_update().clone()?;
        self.bundle.mark_unchanged();
        let facts = &compiled.facts;
        self.desired.retain(|gateway| facts.contains_key(gateway));
        self.deployments
            .retain(|gateway| facts.contains_key(gateway));
        let plans: Vec<Plan<'_>> = facts
            .values()
            .filter(|f| !f.uid.is_empty())
            .map(|f| self.plan(f, &store))
            .collect();
        let candidates: Vec<Candidate> = plans
            .iter()
            .map(|p| Candidate::new(p.facts, &p.desired, p.deployment.as_deref()))
            .collect();
        let steps = rollout(&candidates);
        let mut provisioned = Provisioned {
            addresses: self.addresses(compiled, &store).await,
            ..Provisioned::default()
        };
        let mut is_done = true;
        for plan in &plans {
            let step = steps.get(&plan.facts.key);
            is_done &= self.provide(plan, step, &store, &mut provisioned).await;
            let pods = pods(plan.deployment.as_deref());
            provisioned.pods.insert(plan.facts.key.clone(), pods);
        }
        gone::delete(&mut self.applier, compiled, &store, mirror).await;
        self.newest.send_if_modified(|old| {
            let is_other = **old != provisioned;
            *old = Arc::new(provisioned);
            is_other
        });
        let again = now() + if is_done { RESYNC } else { RETRY };
        Some(self.applier.retry().map_or(again, |retry| retry.min(again)))
    }

    async fn news(&mut self) -> anyhow::Result<()> {
        tokio::select! {
            changed = self.owned.store.changed() => Ok(changed?),
            changed = self.bundle.changed() => Ok(changed?),
            ended = self.owned.tasks.ended() => Err(ended.into()),
        }
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

fn stored<'a>(
    store: &'a Store,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
) -> Option<&'a DynamicObject> {
    let key = (
        kind.as_str().to_owned(),
        namespace.to_owned(),
        name.to_owned(),
    );
    store.get(&key).map(|object| &**object)
}

fn read<T: DeserializeOwned>(object: &DynamicObject) -> Option<T> {
    serde_json::from_value(serde_json::to_value(object).ok()?).ok()
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

#[cfg(test)]
mod tests;
