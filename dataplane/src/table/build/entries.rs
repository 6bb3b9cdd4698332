//! Snapshot -> its entries by kind. What can't be read is told, with its key.

use std::collections::HashMap;
use std::sync::Arc;

use sluice_policy::Config;
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Snapshot};
use sluice_vocab::Secret;

use super::Diagnostic;
use super::listeners::Certificates;
use crate::party::Who;
use crate::standing::Standing;
use crate::table::Listener;
use crate::table::certificate::Certificate;
use crate::table::plan::{Callers, KeySets, Known};

/// The snapshot's entries by kind.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) listeners: Vec<(Listener, model::Listener)>,
    pub(super) certificates: Certificates,
    pub(super) routes: Vec<(EntryKey, Option<model::Origin>, model::Route)>,
    pub(super) upstreams: HashMap<EntryKey, (Option<model::Origin>, model::Upstream)>,
    pub(super) policies: HashMap<EntryKey, Result<Config, String>>,
    pub(super) credentials: HashMap<EntryKey, Secret>,
    pub(super) keys: KeySets,
}

impl Entries {
    pub(super) fn of(
        snapshot: &Snapshot,
        standing: &Standing,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut sorting = Sorting::default();
        for (key, sealed) in snapshot.entries() {
            let (origin, added) = match sealed.decode(key) {
                Ok(entry) => (
                    entry.origin.clone(),
                    sorting.add(key, entry.origin, entry.body, standing),
                ),
                Err(error) => (None, Err(error.to_string())),
            };
            if let Err(message) = added {
                diagnostics.push(Diagnostic {
                    key: key.clone(),
                    origin,
                    message,
                });
            }
        }
        let callers = |(set, callers)| (set, Arc::new(callers));
        Self {
            keys: sorting.keys.into_iter().map(callers).collect(),
            ..sorting.entries
        }
    }
}

/// Entries, and the sets of keys as long as they grow.
#[derive(Default)]
struct Sorting {
    entries: Entries,
    keys: HashMap<String, Callers>,
}

impl Sorting {
    fn add(
        &mut self,
        key: &EntryKey,
        origin: Option<model::Origin>,
        body: Option<Body>,
        standing: &Standing,
    ) -> Result<(), String> {
        let entries = &mut self.entries;
        match body {
            Some(Body::Listener(l)) => {
                let port = u16::try_from(l.port).map_err(|_| format!("{} is no port", l.port))?;
                let key = key.clone();
                entries.listeners.push((Listener { key, origin, port }, l));
            }
            Some(Body::Route(r)) => entries.routes.push((key.clone(), origin, r)),
            Some(Body::Upstream(u)) => {
                entries.upstreams.insert(key.clone(), (origin, u));
            }
            Some(Body::Policy(p)) => {
                let config =
                    Config::decode(&p.kind, p.revision, &p.config).map_err(|e| e.to_string());
                // Kept as well: what it was for must not run without it.
                let told = config.as_ref().map(|_| ()).map_err(Clone::clone);
                entries.policies.insert(key.clone(), config);
                told?;
            }
            Some(Body::Credential(c)) => {
                entries
                    .credentials
                    .insert(key.clone(), Secret::new(c.value));
            }
            Some(Body::Certificate(c)) => {
                entries
                    .certificates
                    .insert(key.clone(), Certificate::realise(&c)?);
            }
            Some(Body::ApiKey(k)) => {
                let digest = <[u8; 32]>::try_from(k.digest.as_slice())
                    .map_err(|_| "the digest is no SHA-256".to_owned())?;
                let name: Arc<str> = k.caller.into();
                let who = Who::Caller(k.set.as_str().into(), name.clone());
                let party = standing.party(who);
                let callers = self.keys.entry(k.set).or_default();
                callers.insert(digest, Known { name, party });
            }
            None => return Err("this data plane does not know this kind of entry".to_owned()),
        }
        Ok(())
    }
}
