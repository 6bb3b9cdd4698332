//! Replicas, data planes, a lease, and what users want.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_session::codec::{Epoch, Leader};
use sluice_snapshot::Snapshot;

use crate::node::Node;
use crate::replica::{Effect, Replica};
use crate::support::*;

pub(crate) const SIZE: usize = 3;

pub(crate) struct Cluster {
    pub(crate) now: Instant,
    streams: u64,
    incarnations: u64,
    values: u64,
    entries: BTreeMap<String, u64>,
    /// All that was ever true, in order.
    pub(crate) truth: Vec<Arc<Snapshot>>,
    pub(crate) lease: Leader,
    /// What was true when an epoch began.
    began: BTreeMap<Epoch, usize>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) nodes: Vec<Node>,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let mut cluster = Self {
            now,
            streams: 0,
            incarnations: SIZE as u64,
            values: 0,
            entries: BTreeMap::new(),
            truth: vec![snapshot([])],
            lease: Leader {
                address: String::new(),
                epoch: epoch(0),
            },
            began: BTreeMap::new(),
            replicas: (0..SIZE).map(|_| Replica::new()).collect(),
            nodes: (0..SIZE).map(|n| Node::new(n, now, n as u64)).collect(),
        };
        cluster.elect(0, epoch(1));
        cluster
    }

    fn latest(&self) -> Arc<Snapshot> {
        self.truth.last().unwrap().clone()
    }

    /// Every value is new, so nothing that was revoked is ever granted again.
    pub(crate) fn edit(&mut self, name: String, is_there: bool) {
        self.values += 1;
        if is_there {
            self.entries.insert(name, self.values);
        } else {
            self.entries.remove(&name);
        }
        self.truth.push(mk_snapshot(&self.entries));
    }

    /// A replica hears of all that happened: of the lease first, then it reads. Where the lease was made anew and counts from the
    /// beginning, the leader raises its epoch, and others begin anew too.
    pub(crate) fn read(&mut self, replica: usize) {
        let (lease, truth) = (self.lease.clone(), self.latest());
        if self.replicas[replica].read(&lease, &truth) {
            return;
        }
        if self.leads(replica) {
            let next = self.replicas[replica].releases.epoch().next();
            self.elect(replica, next);
        } else {
            self.restart_replica(replica);
        }
    }

    fn leads(&self, replica: usize) -> bool {
        self.lease.address == replica.to_string()
    }

    /// A replica hears of changes, but not of the lease.
    pub(crate) fn read_within_its_epoch(&mut self, replica: usize) {
        let truth = self.latest();
        let releases = &mut self.replicas[replica].releases;
        if releases.current().is_some() {
            releases.publish(releases.epoch(), truth);
        }
    }

    pub(crate) fn elect(&mut self, replica: usize, epoch: Epoch) {
        self.lease = Leader {
            address: replica.to_string(),
            epoch,
        };
        self.began.entry(epoch).or_insert(self.truth.len() - 1);
        self.replicas[replica].ledger = Default::default();
        self.read(replica);
    }

    /// Someone deletes the lease, or puts an old one back: it counts from the beginning.
    pub(crate) fn lose_lease(&mut self, replica: usize) {
        self.elect(replica, epoch(1));
    }

    pub(crate) fn restart_replica(&mut self, replica: usize) {
        self.replicas[replica] = Replica::new();
        let now = self.now;
        for node in &mut self.nodes {
            if node.wire.as_ref().is_some_and(|w| w.replica == replica) {
                node.broken(now);
            }
            if node.reports_to == Some(replica) {
                node.reports_to = None;
                node.reporter.disconnected(now);
            }
        }
        // It may still be the leader when it comes back: then it reads before anything else.
        self.read(replica);
    }

    pub(crate) fn restart_node(&mut self, node: usize) {
        self.hang_up(node);
        self.incarnations += 1;
        self.nodes[node] = Node::new(node, self.now, self.incarnations);
    }

    pub(crate) fn hang_up(&mut self, node: usize) {
        if let Some(wire) = &self.nodes[node].wire {
            self.replicas[wire.replica].forget(wire.stream);
        }
        self.nodes[node].broken(self.now);
    }

    pub(crate) fn connect(&mut self, node: usize, replica: usize) {
        if self.nodes[node].wire.is_none() && self.nodes[node].connect_at <= self.now {
            self.streams += 1;
            self.nodes[node].connect(self.now, self.streams, replica);
        }
    }

    /// One message from a data plane.
    pub(crate) fn up(&mut self, node: usize) -> bool {
        let Some(message) = self.nodes[node].send() else {
            return false;
        };
        let Some((stream, replica)) = self.nodes[node]
            .wire
            .as_ref()
            .map(|w| (w.stream, w.replica))
        else {
            return false;
        };
        let effects = self.replicas[replica].accept(stream, self.now, message);
        self.carry(node, replica, effects);
        true
    }

    /// One message to a data plane.
    pub(crate) fn down(&mut self, node: usize) -> bool {
        let is_more = self.nodes[node].receive(self.now);
        self.check(node);
        is_more
    }

    pub(crate) fn build(&mut self, node: usize) {
        self.nodes[node].build(self.now);
        self.check(node);
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        for node in 0..SIZE {
            self.nodes[node].step(self.now);
            if let Some((stream, replica)) = self.nodes[node]
                .wire
                .as_ref()
                .map(|w| (w.stream, w.replica))
            {
                let effects = self.replicas[replica].step(stream, self.now);
                self.carry(node, replica, effects);
            }
            self.report(node);
        }
    }

    fn carry(&mut self, node: usize, replica: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(events) => self.nodes[node].enqueue(events),
                Effect::Close => self.hang_up(node),
                // Only a leader knows that its epoch is the newest, so only a leader raises it.
                Effect::Behind(seen) if self.leads(replica) => {
                    if seen > self.lease.epoch {
                        self.elect(replica, seen.next());
                    }
                }
                Effect::Behind(_) => {}
            }
        }
    }

    /// The way of reports: whoever doesn't lead names who does, and ends the stream.
    fn report(&mut self, node: usize) {
        let Some(to) = self.nodes[node].reports_to else {
            return;
        };
        if !self.leads(to) {
            let leader = self.replicas[to].releases.leader().cloned();
            let node = &mut self.nodes[node];
            node.reports_to = None;
            node.reporter.disconnected(self.now);
            if let Some(leader) = leader {
                node.client.observe(leader.epoch);
                node.lead(self.now, leader);
            }
            return;
        }
        self.nodes[node].reports_open(self.now);
        for report in std::mem::take(&mut self.nodes[node].outbox) {
            self.replicas[to].report(self.now, report);
        }
        let seen = self.replicas[to].ledger.epoch();
        if seen > self.lease.epoch {
            self.elect(to, seen.next());
        }
    }

    /// Nothing but what was true once runs, and nothing from before an epoch that was seen.
    fn check(&mut self, node: usize) {
        for (snapshot, epoch) in std::mem::take(&mut self.nodes[node].installed) {
            let at = self
                .truth
                .iter()
                .rposition(|t| *t == snapshot)
                .expect("a mix runs");
            assert!(at >= self.began[&epoch], "something revoked came back");
        }
    }
}
