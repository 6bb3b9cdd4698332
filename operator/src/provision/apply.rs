//! Server-side apply, and only where something differs.

use std::collections::BTreeMap;

use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions,
};
use kube::{Client, ResourceExt};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::metrics::Metrics;

/// An object by kind, namespace and name.
pub(super) type Key = (String, String, String);

/// An object as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its generation, or its resource version where it has none.
    pub(super) mark: String,
    /// The uid of its controller; empty when it has none.
    pub(super) controller: String,
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
    /// It can't be written now.
    Failed(kube::Error),
}

/// Applies objects, and remembers what it applied.
pub(super) struct Applier {
    client: Client,
    manager: &'static str,
    metrics: Metrics,
    applied: BTreeMap<Key, Applied>,
}

/// What was applied, and what the API server made of it.
struct Applied {
    digest: Vec<u8>,
    mark: String,
}

impl Applier {
    pub(super) fn new(client: Client, manager: &'static str, metrics: Metrics) -> Self {
        Self {
            client,
            manager,
            metrics,
            applied: BTreeMap::new(),
        }
    }

    /// Makes an object what it should be. `owner` is the uid of its controller, `seen` what it was last, if it was there.
    pub(super) async fn ensure(
        &mut self,
        resource: &ApiResource,
        desired: &Value,
        owner: &str,
        seen: Option<&Seen>,
        extent: Extent,
    ) -> Outcome {
        let key = key(resource, desired);
        let digest = Sha256::digest(desired.to_string().as_bytes()).to_vec();
        if seen.is_some_and(|s| s.controller != owner) {
            return Outcome::Conflict;
        }
        let known = self.applied.get(&key);
        if let (Some(known), Some(seen)) = (known, seen)
            && known.digest == digest
            && known.mark == seen.mark
        {
            return Outcome::Kept;
        }
        let api = self.api(resource, &key.1);
        if seen.is_none() {
            // It may be there under somebody else's labels.
            match api.get_metadata_opt(&key.2).await {
                Ok(Some(there)) if !is_owned(&there, owner) => return Outcome::Conflict,
                Ok(_) => {}
                Err(error) => return failed(error),
            }
        }
        let outcome = match extent {
            Extent::Whole if seen.is_some() => replace(&api, &key.2, desired, self.manager).await,
            Extent::Whole | Extent::Fields => {
                let params = PatchParams::apply(self.manager).force();
                api.patch(&key.2, &params, &Patch::Apply(desired)).await
            }
        };
        self.metrics.written(&resource.kind, outcome.is_ok());
        match outcome {
            Ok(object) => {
                let mark = Seen::of(&object).mark;
                self.applied.insert(key, Applied { digest, mark });
                Outcome::Kept
            }
            Err(error) => failed(error),
        }
    }

    /// Deletes an object, if it is still the one with that uid.
    pub(super) async fn delete(
        &mut self,
        resource: &ApiResource,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> Result<(), kube::Error> {
        self.applied
            .remove(&(resource.kind.clone(), namespace.to_owned(), name.to_owned()));
        let preconditions = Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        };
        let params = DeleteParams {
            preconditions: Some(preconditions),
            ..DeleteParams::background()
        };
        match self.api(resource, namespace).delete(name, &params).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
            Err(error) => Err(error),
        }
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
        error => Outcome::Failed(error),
    }
}
