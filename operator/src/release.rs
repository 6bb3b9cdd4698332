//! From changes to releases: gathers what changed, compiles when it has been quiet for a moment, publishes the newest.

mod attached;
mod facts;
mod fetch;
mod frozen;
mod generation;
mod kept;
mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use kube::Client;
use sluice_compiler::{Compilation, Settings};
use sluice_process::Ended;
use sluice_session::codec::Epoch;
use sluice_snapshot::Snapshot;
use sluice_vocab::{GatewayKey, ObjectRef};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::now;
use crate::leader::Leadership;
use crate::metrics::Metrics;
use crate::watch::Reach;
use crate::workload::GatewayFacts;
use crate::world::Mirror;
use attached::Attached;
use fetch::Fetches;
use generation::Generation;
use pace::Pace;

/// What came of the newest state of the cluster.
#[derive(Debug, Default)]
pub struct Compiled {
    /// Verdicts, expansions, and what is frozen.
    pub compilation: Compilation,
    /// What the data planes of each Gateway are to run. A frozen one's is the release from before.
    pub releases: BTreeMap<GatewayKey, Arc<Snapshot>>,
    /// What carries each Gateway's traffic depends on it; the uid is empty while the Gateway isn't in the cluster.
    pub facts: BTreeMap<GatewayKey, GatewayFacts>,
    /// Gateways that get no release and are still there: nobody changes what carries their traffic, and their data planes may call.
    pub kept: BTreeMap<GatewayKey, GatewayFacts>,
    /// Gateways and AIGateways that their users gave to another controller: what was made of them goes.
    pub handed_over: BTreeSet<ObjectRef>,
    /// GatewayClasses of ours, and their generations.
    pub classes: Vec<(ObjectRef, i64)>,
    /// The lease showed it before the reads began that this was compiled from.
    pub epoch: Epoch,
}

/// What the operator has made of the cluster, for whoever acts on it.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// The newest compilation; nothing before the first.
    pub compiled: watch::Sender<Option<Arc<Compiled>>>,
    /// What the API server says of the objects.
    pub mirror: watch::Sender<Arc<Mirror>>,
}

impl Default for Outputs {
    fn default() -> Self {
        Self {
            compiled: watch::Sender::new(None),
            mirror: watch::Sender::default(),
        }
    }
}

/// Watches, compiles, publishes.
pub struct Engine {
    client: Client,
    reach: Reach,
    settings: Arc<Settings>,
    outputs: Outputs,
    metrics: Metrics,
    /// What is published from.
    current: Generation,
    /// What will be, when it is synced: its reads began at a later epoch.
    next: Option<Generation>,
    pace: Pace,
    fetches: Fetches,
    compiling: Option<JoinHandle<Compilation>>,
    releases: BTreeMap<GatewayKey, Arc<Snapshot>>,
    /// Where the routes were attached that these came from.
    attached: Attached,
}

impl Engine {
    /// Must be called within a runtime: it begins to watch.
    pub fn new(
        client: Client,
        reach: Reach,
        settings: Settings,
        outputs: Outputs,
        metrics: Metrics,
    ) -> Self {
        Self {
            current: Generation::start(&client, &reach, Epoch::default()),
            next: None,
            fetches: Fetches::new(client.clone()),
            client,
            reach,
            settings: Arc::new(settings),
            outputs,
            metrics,
            pace: Pace::default(),
            compiling: None,
            releases: BTreeMap::new(),
            attached: Attached::default(),
        }
    }

    /// Goes on for ever.
    ///
    /// # Errors
    /// When the compiler panicked, or a watch ended: neither should happen.
    pub async fn run(mut self, mut leadership: watch::Receiver<Leadership>) -> anyhow::Result<()> {
        loop {
            let epoch = leadership.borrow_and_update().epoch;
            self.follow(epoch);
            let quiet = self.pace.due().filter(|_| self.compiling.is_none());
            let retry = self.current.retry().filter(|_| quiet.is_none());
            tokio::select! {
                changed = leadership.changed() => changed?,
                change = self.current.watches.next() => self.take(change?),
                done = synced(&mut self.next), if self.next.is_some() => {
                    done?;
                    self.replace();
                }
                Some(fetched) = self.fetches.next() => {
                    self.current.fetched(fetched);
                    if self.fetches.is_idle() {
                        self.pace.hurry(now());
                    }
                }
                compilation = finished(&mut self.compiling), if self.compiling.is_some() => {
                    self.compiling = None;
                    self.compiled(compilation?);
                }
                () = until(quiet), if quiet.is_some() => self.compile(),
                () = until(retry), if retry.is_some() => self.pace.hurry(now()),
            }
        }
    }

    /// Begins to read anew when the epoch is another than the reads were begun at.
    fn follow(&mut self, epoch: Epoch) {
        let newest = self
            .next
            .as_ref()
            .map_or(self.current.epoch, |next| next.epoch);
        if epoch > newest {
            self.next = Some(Generation::start(&self.client, &self.reach, epoch));
        }
    }

    fn take(&mut self, change: crate::watch::Change) {
        let mut effect = self.current.world.apply(change);
        while let Some(change) = self.current.watches.try_next() {
            effect |= self.current.world.apply(change);
        }
        if effect.mirror {
            self.outputs
                .mirror
                .send_replace(Arc::new(self.current.world.mirror().clone()));
        }
        if effect.input {
            self.pace.changed(now());
        }
    }

    fn replace(&mut self) {
        let Some(next) = self.next.take() else { return };
        self.current = next;
        self.fetches.clear();
        self.outputs
            .mirror
            .send_replace(Arc::new(self.current.world.mirror().clone()));
        self.pace.hurry(now());
    }

    fn compile(&mut self) {
        if !self.current.world.is_synced() || !self.fetches.is_idle() {
            self.pace.wait();
            return;
        }
        self.pace.done();
        let resources = self.current.world.resources().clone();
        let settings = self.settings.clone();
        let metrics = self.metrics.clone();
        self.current.is_compiled_from = true;
        self.compiling = Some(tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let compilation = sluice_compiler::compile(&resources, &settings);
            metrics.compiled(began.elapsed());
            compilation
        }));
    }

    /// Publishes, unless values of Secrets have to be got first.
    fn compiled(&mut self, compilation: Compilation) {
        // From before the reads began anew.
        if !std::mem::take(&mut self.current.is_compiled_from) {
            return self.pace.hurry(now());
        }
        let wanted = self.current.wanted(&compilation.secrets, now());
        if !wanted.is_empty() {
            return self.fetches.start(wanted);
        }
        self.current.world.forget_values(&compilation.secrets);
        self.publish(compilation);
    }

    fn publish(&mut self, mut compilation: Compilation) {
        let controller = &self.settings.controller_name;
        self.attached
            .hold(&mut compilation, self.current.world.mirror(), controller);
        kept::hold(&mut compilation, self.current.world.mirror());
        let fresh = std::mem::take(&mut compilation.releases);
        let gateways: Vec<GatewayKey> = fresh.keys().cloned().collect();
        let mut releases = BTreeMap::new();
        for (gateway, snapshot) in fresh {
            let old = self.releases.remove(&gateway);
            let is_frozen = compilation.frozen.contains_key(&gateway);
            let release = match old {
                Some(old) if is_frozen || old.version() == snapshot.version() => Some(old),
                // Data planes may run what an earlier operator pushed: this one, with something missing, isn't better.
                None if is_frozen => None,
                _ => Some(Arc::new(snapshot)),
            };
            releases.extend(release.map(|r| (gateway, r)));
        }
        self.releases.clone_from(&releases);
        frozen::tell(&mut compilation);
        let facts = facts::read(&self.current.world, &compilation, &gateways);
        let world = &self.current.world;
        let kept = kept::gateways(world.resources(), world.mirror(), &facts);
        let handed_over = kept::handed_over(world.resources(), &self.settings);
        let classes = facts::classes(&self.current.world, &self.settings.controller_name);
        let compiled = Compiled {
            compilation,
            releases,
            facts,
            kept,
            handed_over,
            classes,
            epoch: self.current.epoch,
        };
        self.outputs.compiled.send_replace(Some(Arc::new(compiled)));
    }
}

async fn synced(generation: &mut Option<Generation>) -> Result<(), Ended> {
    match generation {
        Some(generation) => generation.sync().await,
        None => std::future::pending().await,
    }
}

async fn finished(
    task: &mut Option<JoinHandle<Compilation>>,
) -> Result<Compilation, tokio::task::JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at.into()).await;
    }
}

#[cfg(test)]
mod tests;
