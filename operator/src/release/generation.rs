//! One reading of the cluster, begun at one epoch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use kube::Client;
use sluice_compiler::resources::Name;
use sluice_process::Ended;
use sluice_session::codec::Epoch;

use super::FETCH_AGAIN;
use super::fetch::Fetched;
use crate::brief::brief;
use crate::watch::{Reach, Watches};
use crate::world::{Wanted, World};

/// One reading of the cluster.
#[derive(Debug)]
pub(super) struct Generation {
    /// What the lease showed before the reads began.
    pub(super) epoch: Epoch,
    pub(super) watches: Watches,
    pub(super) world: World,
    /// What is being compiled came from here.
    pub(super) is_compiled_from: bool,
    /// Secrets that could not be got, and when they are tried again.
    failed: BTreeMap<Name, Instant>,
}

impl Generation {
    pub(super) fn start(client: &Client, reach: &Reach, epoch: Epoch) -> Self {
        Self {
            epoch,
            watches: Watches::start(client, reach),
            world: World::new(reach.scopes()),
            is_compiled_from: false,
            failed: BTreeMap::new(),
        }
    }

    /// Returns when everything was listed.
    pub(super) async fn sync(&mut self) -> Result<(), Ended> {
        while !self.world.is_synced() {
            let change = self.watches.next().await?;
            self.world.apply(change);
        }
        Ok(())
    }

    /// Secrets that have to be got first, but for those that could not be got a moment ago.
    pub(super) fn wanted(&mut self, asked: &BTreeSet<Name>, now: Instant) -> Vec<Wanted> {
        self.failed.retain(|_, again| now < *again);
        let wanted = self.world.wanted(asked).into_iter();
        wanted
            .filter(|w| !self.failed.contains_key(&w.name))
            .collect()
    }

    /// A Secret came, or didn't.
    pub(super) fn fetched(&mut self, fetched: Fetched) {
        let Fetched { wanted, result } = fetched;
        let why = match result {
            Ok(secret) => match self.world.fetched(&wanted, secret) {
                Ok(()) => return,
                Err(finding) => finding.message,
            },
            Err(error) => {
                tracing::warn!(
                    secret = wanted.name.to_string(),
                    error = brief(&error),
                    "a Secret can't be read"
                );
                format!("the operator can't read it: {error}")
            }
        };
        self.failed
            .insert(wanted.name.clone(), Instant::now() + FETCH_AGAIN);
        self.world.unfetched(&wanted, why);
    }

    /// Secrets whose time has come are tried again.
    pub(super) fn give_another_try(&mut self, now: Instant) {
        self.failed.retain(|_, again| now < *again);
    }

    /// When a Secret is tried again that could not be got.
    pub(super) fn retry(&self) -> Option<Instant> {
        self.failed.values().min().copied()
    }
}
