//! What the operator knows of the cluster: the compiler's input, and beside it what the API server says of each object.

mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use sluice_compiler::ResourceSet;
use sluice_compiler::resources::Name;
use sluice_vocab::{Kind, ObjectRef};

use crate::watch::{Change, Scope, Seen};
use secret::Secrets;

pub use secret::Wanted;

/// What the API server says of an object, beside what is compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Its uid.
    pub uid: String,
    /// Its resource version.
    pub version: String,
    /// Its generation.
    pub generation: i64,
    /// The uid of its controller; empty when it has none.
    pub controller: String,
    /// Its status; null when there is none.
    pub status: Arc<Value>,
}

/// Live objects by name. Secrets and Namespaces are not among them.
pub type Mirror = BTreeMap<ObjectRef, Arc<Live>>;

/// What a change means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effect {
    /// The compiler's input differs.
    pub input: bool,
    /// The mirror differs.
    pub mirror: bool,
}

/// What the operator knows of the cluster.
#[derive(Debug, Default)]
pub struct World {
    set: ResourceSet,
    mirror: Mirror,
    secrets: Secrets,
    /// Scopes that were not listed yet.
    missing: BTreeSet<Scope>,
}

impl World {
    /// Knows nothing, and waits for those scopes.
    pub fn new(scopes: Vec<Scope>) -> Self {
        Self {
            missing: scopes.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Whether every scope was listed.
    pub fn is_synced(&self) -> bool {
        self.missing.is_empty()
    }

    /// The compiler's input.
    pub fn resources(&self) -> &ResourceSet {
        &self.set
    }

    /// Live objects.
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Takes a change.
    pub fn apply(&mut self, change: Change) -> Effect {
        match change {
            Change::Put(seen) => self.put(seen),
            Change::Gone(object) => self.remove(&object),
            Change::Listed(scope, all) => self.list(scope, all),
        }
    }

    fn list(&mut self, scope: Scope, all: Vec<Seen>) -> Effect {
        let named: BTreeSet<&ObjectRef> = all.iter().map(|seen| &seen.object).collect();
        let is_in_scope = |o: &ObjectRef| {
            o.kind == scope.kind && scope.namespace.as_ref().is_none_or(|n| *n == o.namespace)
        };
        let gone: Vec<ObjectRef> = self
            .known(scope.kind)
            .into_iter()
            .filter(|o| is_in_scope(o) && !named.contains(o))
            .collect();
        let mut effect = Effect {
            input: self.missing.remove(&scope),
            mirror: false,
        };
        for object in gone {
            effect |= self.remove(&object);
        }
        for seen in all {
            effect |= self.put(seen);
        }
        effect
    }

    /// Every object of a kind that is known, readable or not.
    fn known(&self, kind: Kind) -> Vec<ObjectRef> {
        let named = |names: Vec<&Name>| -> Vec<ObjectRef> {
            let object = |n: &Name| ObjectRef {
                kind,
                namespace: n.namespace.clone(),
                name: n.name.clone(),
            };
            names.into_iter().map(object).collect()
        };
        match kind {
            Kind::Secret => named(self.set.secrets.keys().collect()),
            Kind::Namespace => named(self.set.namespaces.keys().collect()),
            _ => self
                .mirror
                .keys()
                .filter(|o| o.kind == kind)
                .cloned()
                .collect(),
        }
    }

    fn put(&mut self, seen: Seen) -> Effect {
        let Seen { object, value } = seen;
        match object.kind {
            Kind::Secret => Effect {
                input: self.put_secret(object, &value),
                mirror: false,
            },
            Kind::Namespace => Effect {
                input: self.read(&object, value),
                mirror: false,
            },
            _ => {
                let live = Arc::new(Live::of(&value));
                let mirror = self.mirror.get(&object) != Some(&live);
                self.mirror.insert(object.clone(), live);
                Effect {
                    input: self.read(&object, value),
                    mirror,
                }
            }
        }
    }

    /// An object that can't be read stays as what it is: unreadable, not as it was before.
    fn read(&mut self, object: &ObjectRef, value: Value) -> bool {
        match self.set.put(object, value) {
            Ok(is_changed) => is_changed,
            Err(finding) => {
                let before = self.set.unreadable.get(object).cloned();
                self.set.remove(object);
                let why = if finding.path.is_empty() {
                    finding.message
                } else {
                    format!("{}: {}", finding.path, finding.message)
                };
                let is_news = before.as_ref() != Some(&why);
                self.set.unreadable.insert(object.clone(), why);
                is_news
            }
        }
    }

    fn remove(&mut self, object: &ObjectRef) -> Effect {
        self.set.remove(object);
        if object.kind == Kind::Secret {
            self.secrets.forget(&Name {
                namespace: object.namespace.clone(),
                name: object.name.clone(),
            });
        }
        Effect {
            input: true,
            mirror: self.mirror.remove(object).is_some(),
        }
    }
}

impl std::ops::BitOrAssign for Effect {
    fn bitor_assign(&mut self, other: Self) {
        self.input |= other.input;
        self.mirror |= other.mirror;
    }
}

impl Live {
    fn of(value: &Value) -> Self {
        let text = |p: &str| {
            value
                .pointer(p)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let owners = value
            .pointer("/metadata/ownerReferences")
            .and_then(Value::as_array);
        let controller = owners
            .into_iter()
            .flatten()
            .find(|o| o["controller"] == true);
        let controller = controller
            .and_then(|o| o["uid"].as_str())
            .unwrap_or_default()
            .to_owned();
        Self {
            generation: value
                .pointer("/metadata/generation")
                .and_then(Value::as_i64)
                .unwrap_or(0),
            controller,
            uid: text("/metadata/uid"),
            version: text("/metadata/resourceVersion"),
            status: Arc::new(value.get("status").cloned().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests;
