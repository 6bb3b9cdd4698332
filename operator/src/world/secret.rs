//! Secrets: all by their metadata, and the values of those that the compiler asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use sluice_compiler::resources::{Name, Object, SecretData};
use sluice_vocab::{Finding, Kind, ObjectRef};

use super::World;

/// Which version of each Secret there is, and of which the values are known.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    seen: BTreeMap<Name, String>,
    fetched: BTreeMap<Name, String>,
}

impl Secrets {
    pub(super) fn forget(&mut self, name: &Name) {
        self.seen.remove(name);
        self.fetched.remove(name);
    }
}

/// A Secret whose values have to be got.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Which.
    pub name: Name,
    /// The resource version that it has at least.
    pub version: String,
}

impl World {
    /// Metadata of a Secret. Its values stay, if they are known, until the new ones come. Says whether what is compiled differs.
    pub(super) fn put_secret(&mut self, object: ObjectRef, value: &Value) -> bool {
        let name = Name {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        };
        let version = value
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_other = self
            .secrets
            .seen
            .insert(name.clone(), version.to_owned())
            .as_deref()
            != Some(version);
        let old = self.set.secrets.get(&name).cloned();
        let mut metadata = value.clone();
        if let Some(map) = metadata.as_object_mut() {
            map.retain(|key, _| key == "metadata");
        }
        // Metadata is texts by the API server's own rules.
        let is_changed = self.set.put(&object, metadata).unwrap_or(false);
        if let (Some(old), Some(new)) = (old, self.set.secrets.get(&name)) {
            let spec = old.spec.clone();
            let merged = Object {
                meta: new.meta.clone(),
                spec,
            };
            let is_same = merged == *old;
            self.set.secrets.insert(name, Arc::new(merged));
            return !is_same || is_other;
        }
        is_changed || is_other
    }

    /// Of the Secrets that the compiler asked for, those whose values are not known in the version that there is.
    pub fn wanted(&self, asked: &BTreeSet<Name>) -> Vec<Wanted> {
        let wanted = asked.iter().filter_map(|name| {
            let version = self.secrets.seen.get(name)?;
            (self.secrets.fetched.get(name) != Some(version)).then(|| Wanted {
                name: name.clone(),
                version: version.clone(),
            })
        });
        wanted.collect()
    }

    /// Values that are known and that nobody asked for any more are let go.
    pub fn forget_values(&mut self, asked: &BTreeSet<Name>) {
        let idle: Vec<Name> = self
            .secrets
            .fetched
            .keys()
            .filter(|name| !asked.contains(*name))
            .cloned()
            .collect();
        for name in idle {
            self.secrets.fetched.remove(&name);
            if let Some(secret) = self.set.secrets.get_mut(&name) {
                let meta = secret.meta.clone();
                *secret = Arc::new(Object {
                    meta,
                    spec: SecretData::default(),
                });
            }
        }
    }

    /// A Secret that was got, with all its values; nothing when it is gone. It answers `wanted`, also when it is newer than that.
    ///
    /// # Errors
    /// When the API server holds something that is no Secret.
    pub fn fetched(&mut self, wanted: &Wanted, secret: Option<Value>) -> Result<(), Finding> {
        let name = &wanted.name;
        let object = ObjectRef {
            kind: Kind::Secret,
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        let Some(secret) = secret else {
            self.remove(&object);
            return Ok(());
        };
        // Deleted while it was got.
        let Some(seen) = self.secrets.seen.get(name) else {
            return Ok(());
        };
        self.secrets.fetched.insert(name.clone(), seen.clone());
        let version = secret
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        if *seen != wanted.version && version == Some(wanted.version.as_str()) {
            // Changed once more meanwhile, and this is the one before.
            self.secrets
                .fetched
                .insert(name.clone(), wanted.version.clone());
        }
        self.set.put(&object, secret).map(|_| ())
    }

    /// A Secret that could not be got: without values from before, it can't be read.
    pub fn unfetched(&mut self, wanted: &Wanted, why: String) {
        let name = &wanted.name;
        if self
            .set
            .secrets
            .get(name)
            .is_none_or(|s| s.spec.data.is_empty())
        {
            let object = ObjectRef {
                kind: Kind::Secret,
                namespace: name.namespace.clone(),
                name: name.name.clone(),
            };
            self.set.secrets.remove(name);
            self.set.unreadable.insert(object, why);
        }
    }
}
