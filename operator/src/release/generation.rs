//! One reading of the cluster, begun at one epoch.

use std::collections::BTreeSet;
use std::time::Instant;

use kube::Client;
use sluice_compiler::resources::Name;
use sluice_process::Ended;
use sluice_session::codec::Epoch;

use super::fetch::{Answer, Fetched};
use crate::api::asked_delay;
use crate::brief::brief;
use crate::clock::now;
use crate::retry::Retries;
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
    /// Secrets that could not be got.
    failed: Retries<Name>,
    /// Secrets that are still being got, and that nobody waits for.
    late: BTreeSet<Name>,
}

impl Generation {
    pub(super) fn start(client: &Client, reach: &Reach, epoch: Epoch) -> Self {
        Self {
            epoch,
            watches: Watches::start(client, reach),
            world: World::new(reach.scopes()),
            is_compiled_from: false,
            failed: Retries::default(),
            late: BTreeSet::new(),
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

    /// Secrets that have to be got first, but for those that could not be got a moment ago, or are late.
    pub(super) fn wanted(&self, asked: &BTreeSet<Name>, now: Instant) -> Vec<Wanted> {
        let is_due =
            |w: &Wanted| !self.late.contains(&w.name) && !self.failed.is_held(&w.name, now);
        let wanted = self.world.wanted(asked).into_iter();
        wanted.filter(is_due).collect()
    }

    /// A Secret came, or didn't.
    pub(super) fn fetched(&mut self, fetched: Fetched) {
        let Fetched { wanted, answer } = fetched;
        let name = wanted.name.clone();
        self.late.remove(&name);
        let (why, asked) = match answer {
            Answer::Here(secret) => match self.world.fetched(&wanted, secret) {
                Ok(()) => return self.failed.done(&name),
                Err(finding) => (finding.message, None),
            },
            Answer::Late => {
                self.late.insert(name);
                let why = "the API server has not answered yet".to_owned();
                return self.world.unfetched(&wanted, why);
            }
            Answer::Failed(error) => {
                tracing::warn!(
                    secret = name.to_string(),
                    error = brief(&error),
                    "a Secret can't be read"
                );
                let why = format!("the operator can't read it: {error}");
                (why, asked_delay(&error))
            }
        };
        self.failed.failed(&name, now(), asked);
        self.world.unfetched(&wanted, why);
    }

    /// When a Secret is tried again that could not be got.
    pub(super) fn retry(&self) -> Option<Instant> {
        self.failed.next(now())
    }
}
