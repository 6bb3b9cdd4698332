//! Everything that was compiled, before it is dealt out to gateways.

use std::collections::{BTreeMap, BTreeSet};

use sluice_snapshot::model::entry::Body;
use sluice_snapshot::{EntryKey, Sealed, Sealer};
use sluice_vocab::{ObjectRef, Origin};

use crate::resources::Name;

/// Entries by key, each with the entries that it refers to.
pub(crate) struct Pool {
    sealer: Sealer,
    entries: BTreeMap<EntryKey, Pooled>,
}

/// One compiled entry.
pub(crate) struct Pooled {
    pub(crate) sealed: Sealed,
    pub(crate) object: ObjectRef,
    refs: Vec<EntryKey>,
}

impl Pool {
    pub(crate) fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            entries: BTreeMap::new(),
        }
    }

    /// Puts an entry in.
    pub(crate) fn put(&mut self, key: EntryKey, origin: &Origin, body: Body, refs: Vec<EntryKey>) {
        let pooled = self.seal(origin, body, refs);
        self.entries.insert(key, pooled);
    }

    /// Seals an entry of one gateway only.
    pub(crate) fn seal(&self, origin: &Origin, body: Body, refs: Vec<EntryKey>) -> Pooled {
        Pooled {
            sealed: self.sealer.seal(origin, body),
            object: origin.object.clone(),
            refs,
        }
    }

    /// The given entries, and what they refer to, however far.
    pub(crate) fn reach(
        &self,
        roots: BTreeMap<EntryKey, Pooled>,
    ) -> (BTreeMap<EntryKey, Sealed>, BTreeSet<ObjectRef>) {
        let mut entries = BTreeMap::new();
        let mut objects = BTreeSet::new();
        let mut open = Vec::new();
        for (key, root) in roots {
            open.extend(root.refs);
            objects.insert(root.object);
            entries.insert(key, root.sealed);
        }
        while let Some(key) = open.pop() {
            let Some(pooled) = self
                .entries
                .get(&key)
                .filter(|_| !entries.contains_key(&key))
            else {
                continue;
            };
            open.extend(pooled.refs.iter().cloned());
            objects.insert(pooled.object.clone());
            entries.insert(key, pooled.sealed.clone());
        }
        (entries, objects)
    }
}

/// `<kind>/<namespace>/<name>` and what follows.
pub(crate) fn key(kind: &str, name: &Name, rest: &[&str]) -> EntryKey {
    let mut parts = vec![kind, &name.namespace, &name.name];
    parts.extend(rest);
    EntryKey::new(&parts)
}
