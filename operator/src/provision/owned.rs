//! The objects of workloads, as the cluster has them: all that carry our label.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use futures_util::StreamExt;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use kube::{Client, ResourceExt};
use sluice_process::Supervisor;
use tokio::sync::{mpsc, watch};

use super::apply::Key;
use crate::watch::Reach;
use crate::workload::{FIELD_MANAGER, WorkloadKind};

/// Objects that carry our label.
pub(super) type Store = BTreeMap<Key, Arc<DynamicObject>>;

/// How the API server calls a kind.
pub(super) fn resource(kind: WorkloadKind) -> ApiResource {
    let (group, version, plural) = match kind {
        WorkloadKind::ServiceAccount => ("", "v1", "serviceaccounts"),
        WorkloadKind::Deployment => ("apps", "v1", "deployments"),
        WorkloadKind::Service => ("", "v1", "services"),
        WorkloadKind::HorizontalPodAutoscaler => ("autoscaling", "v2", "horizontalpodautoscalers"),
        WorkloadKind::PodDisruptionBudget => ("policy", "v1", "poddisruptionbudgets"),
    };
    named(group, version, kind.as_str(), plural)
}

/// ConfigMaps, which hold the operator's certificates.
pub(super) fn config_maps() -> ApiResource {
    named("", "v1", "ConfigMap", "configmaps")
}

fn named(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    let api_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version,
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

/// Watches until it is dropped.
pub(super) struct Owned {
    pub(super) tasks: Supervisor,
    pub(super) store: watch::Receiver<Option<Arc<Store>>>,
}

impl Owned {
    pub(super) fn start(client: &Client, reach: &Reach) -> Self {
        let mut tasks = Supervisor::new();
        let (sender, changes) = mpsc::channel(256);
        let resources: Vec<ApiResource> = WorkloadKind::ALL
            .into_iter()
            .map(resource)
            .chain([config_maps()])
            .collect();
        let mut scopes = 0;
        for resource in resources {
            let apis: Vec<Api<DynamicObject>> = if reach.namespaces.is_empty() {
                vec![Api::all_with(client.clone(), &resource)]
            } else {
                let api = |n: &String| Api::namespaced_with(client.clone(), n, &resource);
                reach.namespaces.iter().map(api).collect()
            };
            for api in apis {
                let name = format!("the watch of each {}", resource.kind);
                tasks.spawn(
                    name,
                    relay(scopes, resource.kind.clone(), api, sender.clone()),
                );
                scopes += 1;
            }
        }
        let (store_sender, store) = watch::channel(None);
        tasks.spawn("workloads as they are", keep(scopes, changes, store_sender));
        Self { tasks, store }
    }
}

/// Of one watch.
enum Change {
    Listed(usize, String, Vec<DynamicObject>),
    Put(usize, String, Box<DynamicObject>),
    Gone(usize, String, Box<DynamicObject>),
}

async fn relay(
    scope: usize,
    kind: String,
    api: Api<DynamicObject>,
    changes: mpsc::Sender<Change>,
) -> Result<(), Infallible> {
    let label = format!("app.kubernetes.io/managed-by={FIELD_MANAGER}");
    let stream = watcher::watcher(api, watcher::Config::default().labels(&label)).default_backoff();
    tokio::pin!(stream);
    let mut listed = Vec::new();
    while let Some(event) = stream.next().await {
        let change = match event {
            Ok(Event::Init) => {
                listed.clear();
                continue;
            }
            Ok(Event::InitApply(object)) => {
                listed.push(object);
                continue;
            }
            Ok(Event::InitDone) => Change::Listed(scope, kind.clone(), std::mem::take(&mut listed)),
            Ok(Event::Apply(object)) => Change::Put(scope, kind.clone(), Box::new(object)),
            Ok(Event::Delete(object)) => Change::Gone(scope, kind.clone(), Box::new(object)),
            Err(error) => {
                tracing::warn!(kind, %error, "a watch failed; it is tried again");
                continue;
            }
        };
        if changes.send(change).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// One map of all, told whenever it differs, once every watch has listed.
async fn keep(
    scopes: usize,
    mut changes: mpsc::Receiver<Change>,
    sender: watch::Sender<Option<Arc<Store>>>,
) -> Result<(), Infallible> {
    let mut parts: BTreeMap<usize, Store> = BTreeMap::new();
    let key = |kind: &str, object: &DynamicObject| -> Key {
        (
            kind.to_owned(),
            object.namespace().unwrap_or_default(),
            object.name_any(),
        )
    };
    while let Some(change) = changes.recv().await {
        match change {
            Change::Listed(scope, kind, objects) => {
                let part = objects
                    .into_iter()
                    .map(|o| (key(&kind, &o), Arc::new(o)))
                    .collect();
                parts.insert(scope, part);
            }
            Change::Put(scope, kind, object) => {
                parts
                    .entry(scope)
                    .or_default()
                    .insert(key(&kind, &object), Arc::new(*object));
            }
            Change::Gone(scope, kind, object) => {
                parts.entry(scope).or_default().remove(&key(&kind, &object));
            }
        }
        if parts.len() == scopes && changes.is_empty() {
            let all = parts
                .values()
                .flat_map(|part| part.iter().map(|(k, o)| (k.clone(), o.clone())));
            sender.send_replace(Some(Arc::new(all.collect())));
        }
    }
    Ok(())
}
