//! What the cluster holds, as a stream of changes: one watch per kind and namespace.
//!
//! Objects travel as JSON, so that one which this build can't read is still seen. Of Secrets only the metadata is watched.

mod kind;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::Value;
use sluice_process::{Ended, Supervisor};
use sluice_vocab::{Kind, ObjectRef};
use tokio::sync::mpsc;

pub use kind::{api_resource, group};

/// Kinds that are watched.
pub const KINDS: [Kind; 10] = [
    Kind::AIGateway,
    Kind::Upstream,
    Kind::RoutePolicy,
    Kind::GatewayClass,
    Kind::Gateway,
    Kind::HTTPRoute,
    Kind::ReferenceGrant,
    Kind::Service,
    Kind::Secret,
    Kind::Namespace,
];

/// How often a kind is looked for that the API server doesn't serve.
const ABSENT_AGAIN: Duration = Duration::from_secs(20);

/// A watch: a kind, in one namespace or everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The kind.
    pub kind: Kind,
    /// The namespace; nothing for all.
    pub namespace: Option<Arc<str>>,
}

/// An object as the API server has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Which.
    pub object: ObjectRef,
    /// All of it; of a Secret, the metadata.
    pub value: Value,
}

/// Something changed.
#[derive(Debug)]
pub enum Change {
    /// All there is within the scope; what isn't named is gone. Nothing when the kind isn't served.
    Listed(Scope, Vec<Seen>),
    /// It is new, or other than before.
    Put(Seen),
    /// It is gone.
    Gone(ObjectRef),
}

/// Where changes are looked for.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Namespaces; empty for all.
    pub namespaces: Vec<String>,
}

impl Reach {
    /// The watches that it takes. Cluster-wide kinds are left out where only namespaces may be read.
    pub fn scopes(&self) -> Vec<Scope> {
        let of = |kind: Kind| -> Vec<Scope> {
            if self.namespaces.is_empty() {
                return vec![Scope {
                    kind,
                    namespace: None,
                }];
            }
            if kind::is_cluster_wide(kind) {
                return Vec::new();
            }
            let scope = |n: &String| Scope {
                kind,
                namespace: Some(n.as_str().into()),
            };
            self.namespaces.iter().map(scope).collect()
        };
        KINDS.into_iter().flat_map(of).collect()
    }
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watches {
    tasks: Supervisor,
    changes: mpsc::Receiver<Change>,
}

impl Watches {
    /// Begins with a list of each scope that is at least as new as this call.
    pub fn start(client: &Client, reach: &Reach) -> Self {
        let (sender, changes) = mpsc::channel(1024);
        let mut tasks = Supervisor::new();
        for scope in reach.scopes() {
            let name = format!("the watch of {}", scope.kind.as_str());
            tasks.spawn(name, watch(client.clone(), scope, sender.clone()));
        }
        Self { tasks, changes }
    }

    /// The next change.
    ///
    /// # Errors
    /// When a watch ended, which none should: without it, what is known of the cluster would grow old unnoticed.
    pub async fn next(&mut self) -> Result<Change, Ended> {
        tokio::select! {
            ended = self.tasks.ended() => Err(ended),
            // Never nothing: the watches hold the other end, and none of them ends before it is told of.
            Some(change) = self.changes.recv() => Ok(change),
        }
    }

    /// A change that is there already.
    pub fn try_next(&mut self) -> Option<Change> {
        self.changes.try_recv().ok()
    }
}

async fn watch(
    client: Client,
    scope: Scope,
    changes: mpsc::Sender<Change>,
) -> Result<(), Infallible> {
    let config = watcher::Config::default();
    if scope.kind == Kind::Secret {
        let api: Api<PartialObjectMeta<Secret>> = match &scope.namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        relay(watcher::watcher(api, config), &scope, &changes).await;
    } else {
        let resource = api_resource(scope.kind);
        let api: Api<DynamicObject> = match &scope.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        relay(watcher::watcher(api, config), &scope, &changes).await;
    }
    Ok(())
}

async fn relay<K>(
    stream: impl Stream<Item = watcher::Result<Event<K>>> + Send,
    scope: &Scope,
    changes: &mpsc::Sender<Change>,
) where
    K: ResourceExt + Serialize,
{
    let stream = stream.default_backoff();
    tokio::pin!(stream);
    let mut listed = Vec::new();
    while let Some(event) = stream.next().await {
        let change = match event {
            Ok(Event::Init) => {
                listed.clear();
                continue;
            }
            Ok(Event::InitApply(object)) => {
                listed.extend(seen(scope.kind, object));
                continue;
            }
            Ok(Event::InitDone) => Change::Listed(scope.clone(), std::mem::take(&mut listed)),
            Ok(Event::Apply(object)) => match seen(scope.kind, object) {
                Some(seen) => Change::Put(seen),
                None => continue,
            },
            Ok(Event::Delete(object)) => Change::Gone(name(scope.kind, &object)),
            Err(error) if is_absent(&error) => {
                if changes
                    .send(Change::Listed(scope.clone(), Vec::new()))
                    .await
                    .is_err()
                {
                    return;
                }
                tokio::time::sleep(ABSENT_AGAIN).await;
                continue;
            }
            Err(error) => {
                tracing::warn!(kind = scope.kind.as_str(), %error, "a watch failed; it is tried again");
                continue;
            }
        };
        if changes.send(change).await.is_err() {
            return;
        }
    }
}

fn seen<K: ResourceExt + Serialize>(kind: Kind, mut object: K) -> Option<Seen> {
    // The largest part of many objects, and of no use here.
    object.meta_mut().managed_fields = None;
    let value = serde_json::to_value(&object).ok()?;
    Some(Seen {
        object: name(kind, &object),
        value,
    })
}

fn name<K: ResourceExt>(kind: Kind, object: &K) -> ObjectRef {
    ObjectRef::new(
        kind,
        object.namespace().unwrap_or_default(),
        object.name_any(),
    )
}

/// The API server doesn't serve the kind: its definition isn't installed.
fn is_absent(error: &watcher::Error) -> bool {
    let (watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error)) =
        error
    else {
        return false;
    };
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaced_mode_asks_for_nothing_cluster_wide() {
        let reach = Reach {
            namespaces: vec!["a".into(), "b".into()],
        };
        let scopes = reach.scopes();
        assert!(scopes.iter().all(|s| s.namespace.is_some()));
        assert!(
            !scopes
                .iter()
                .any(|s| matches!(s.kind, Kind::Namespace | Kind::GatewayClass))
        );
        assert_eq!(scopes.iter().filter(|s| s.kind == Kind::Secret).count(), 2);
        assert_eq!(Reach::default().scopes().len(), KINDS.len());
    }
}
