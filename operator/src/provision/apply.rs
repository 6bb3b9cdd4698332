//! Server-side apply, and only where something differs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions,
};
use kube::{Client, ResourceExt};
use serde_json::Value;

use crate::api::asked_delay;
use crate::clock::now;
use crate::metrics::Metrics;
use crate::retry::Retries;

/// An object by kind, namespace and name.
pub(super) type Key = (String, String, String);

/// An object as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its generation, or its resource version where it has none.
    pub(super) mark: String,
    /// The uid of its controller; empty when it has none.
    pub(super) controller: String,
    version: String,
}

impl Seen {
    pub(super) fn new(generation: i64, version: &str, controller: &str) -> Self {
        let mark = if generation > 0 {
            generation.to_string()
        } else {
            version.to_owned()
        };
        Self {
            mark,
            controller: controller.to_owned(),
            version: version.to_owned(),
        }
    }

    pub(super) fn of(object: &DynamicObject) -> Self {
        let owners = object.owner_references();
        let controller = owners
            .iter()
            .find(|o| o.controller == Some(true))
            .map(|o| o.uid.clone());
        let generation = object.metadata.generation.unwrap_or(0);
        let version = object.resource_version().unwrap_or_default();
        Self::new(generation, &version, &controller.unwrap_or_default())
    }
}

/// What of an object is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The fields that we set; others may add to them.
    Fields,
    /// The same, over what was seen and nothing newer: what is applied depends on who else set what.
    Seen,
    /// The whole spec: what others add is taken away.
    Whole,
}

/// What became of an object.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is as it should be.
    Kept,
    /// Somebody else's object has the name.
    Conflict,
    /// The API server doesn't serve the kind.
    Absent,
    /// It is another by now, which will be seen.
    Overtaken,
    /// It failed a moment ago: it is too early to try it again.
    Held,
    /// It can't be written now.
    Failed(kube::Error),
}

/// Applies objects, and remembers what it applied.
pub(super) struct Applier {
    client: Client,
    manager: &'static str,
    metrics: Metrics,
    applied: BTreeMap<Key, Applied>,
    retries: Retries<Key>,
}

/// What was applied, and what the API server made of it.
struct Applied {
    desired: Arc<Value>,
    mark: String,
}

impl Applier {
    pub(super) fn new(client: Client, manager: &'static str, metrics: Metrics) -> Self {
        Self {
            client,
            manager,
            metrics,
            applied: BTreeMap::new(),
            retries: Retries::default(),
        }
    }

    /// When something that failed may be tried again.
    pub(super) fn retry(&self) -> Option<Instant> {
        self.retries.next(now())
    }

    /// Makes an object what it should be. `owner` is the uid of its controller, `seen` what it was last, if it was there.
    pub(super) async fn ensure(
        &mut self,
        resource: &ApiResource,
        desired: &Arc<Value>,
        owner: &str,
        seen: Option<&Seen>,
        extent: Extent,
    ) -> Outcome {
        let key = key(resource, desired);
        if seen.is_some_and(|s| s.controller != owner) {
            return Outcome::Conflict;
        }
        if let (Some(known), Some(seen)) = (self.applied.get(&key), seen)
            && known.desired == *desired
            && known.mark == seen.mark
        {
            return Outcome::Kept;
        }
        if self.retries.is_held(&key, now()) {
            return Outcome::Held;
        }
        let outcome = match self
            .write(resource, &key, desired, owner, seen, extent)
            .await
        {
            Ok(Some(object)) => {
                let applied = Applied {
                    desired: desired.clone(),
                    mark: Seen::of(&object).mark,
                };
                self.applied.insert(key.clone(), applied);
                Outcome::Kept
            }
            Ok(None) => Outcome::Conflict,
            Err(error) => failed(error),
        };
        match &outcome {
            Outcome::Failed(error) => self.retries.failed(&key, now(), asked_delay(error)),
            _ => self.retries.done(&key),
        }
        outcome
    }

    /// Nothing when somebody else's object has the name.
    async fn write(
        &self,
        resource: &ApiResource,
        key: &Key,
        desired: &Value,
        owner: &str,
        seen: Option<&Seen>,
        extent: Extent,
    ) -> kube::Result<Option<DynamicObject>> {
        let api = self.api(resource, &key.1);
        if seen.is_none() {
            // It may be there under somebody else's labels.
            let there = api.get_metadata_opt(&key.2).await?;
            if there.is_some_and(|there| !is_owned(&there, owner)) {
                return Ok(None);
            }
        }
        let params = PatchParams::apply(self.manager).force();
        let written = match (extent, seen) {
            (Extent::Whole, Some(_)) => replace(&api, &key.2, desired, self.manager).await,
            (Extent::Seen, Some(seen)) => {
                let mut desired = desired.clone();
                desired["metadata"]["resourceVersion"] = seen.version.as_str().into();
                api.patch(&key.2, &params, &Patch::Apply(desired)).await
            }
            _ => api.patch(&key.2, &params, &Patch::Apply(desired)).await,
        };
        self.metrics.written(&resource.kind, written.is_ok());
        written.map(Some)
    }

    /// Deletes an object, if it is still the one with that uid. After a failure it is not tried again at once.
    pub(super) async fn delete(
        &mut self,
        resource: &ApiResource,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> kube::Result<()> {
        let key = (resource.kind.clone(), namespace.to_owned(), name.to_owned());
        self.applied.remove(&key);
        if self.retries.is_held(&key, now()) {
            return Ok(());
        }
        let preconditions = Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        };
        let params = DeleteParams {
            preconditions: Some(preconditions),
            ..DeleteParams::background()
        };
        match self.api(resource, namespace).delete(name, &params).await {
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
            Err(error) => {
                self.retries.failed(&key, now(), asked_delay(&error));
                return Err(error);
            }
            Ok(_) => {}
        }
        self.retries.done(&key);
        Ok(())
    }

    fn api(&self, resource: &ApiResource, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, resource)
    }
}

/// Puts the whole spec in place of what is there.
async fn replace(
    api: &Api<DynamicObject>,
    name: &str,
    desired: &Value,
    manager: &str,
) -> kube::Result<DynamicObject> {
    let mut object = api.get(name).await?;
    let texts = |field: &str| {
        let map = desired["metadata"][field].as_object();
        map.into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
    };
    object.labels_mut().extend(texts("labels"));
    object.annotations_mut().extend(texts("annotations"));
    object.data["spec"] = desired["spec"].clone();
    let params = PostParams {
        field_manager: Some(manager.to_owned()),
        ..PostParams::default()
    };
    api.replace(name, &params, &object).await
}

fn key(resource: &ApiResource, desired: &Value) -> Key {
    let text = |p: &str| {
        desired
            .pointer(p)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (
        resource.kind.clone(),
        text("/metadata/namespace"),
        text("/metadata/name"),
    )
}

fn is_owned(object: &impl ResourceExt, owner: &str) -> bool {
    object
        .owner_references()
        .iter()
        .any(|o| o.controller == Some(true) && o.uid == owner)
}

fn failed(error: kube::Error) -> Outcome {
    match error {
        kube::Error::Api(status) if status.code == 404 && status.reason != "NotFound" => {
            Outcome::Absent
        }
        // The path itself: no such kind is served.
        kube::Error::Api(status)
            if status.code == 404 && status.message.contains("could not find the requested") =>
        {
            Outcome::Absent
        }
        kube::Error::Api(status) if status.code == 409 => Outcome::Overtaken,
        error => Outcome::Failed(error),
    }
}
