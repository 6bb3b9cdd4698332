//! Whole lives: every fault, in any order, and then peace.

use std::time::Duration;

use proptest::prelude::*;
use sluice_session::Progress;

use crate::cluster::{Cluster, SIZE};
use crate::support::gateway;

#[derive(Debug, Clone)]
enum Act {
    Edit { name: String, is_there: bool },
    Read(usize),
    ReadWithinItsEpoch(usize),
    FailOver(usize),
    LoseLease(usize),
    RestartReplica(usize),
    RestartNode(usize),
    HangUp(usize),
    Connect { node: usize, replica: usize },
    Up(usize, u8),
    Down(usize, u8),
    Drop { node: usize, is_up: bool },
    Repeat { node: usize, is_up: bool },
    Swap { node: usize, is_up: bool },
    Build(usize),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let one = 0..SIZE;
    prop_oneof![
        4 => ("[a-d]|policy-[ab]", any::<bool>()).prop_map(|(name, is_there)| Act::Edit { name, is_there }),
        4 => one.clone().prop_map(Act::Read),
        2 => one.clone().prop_map(Act::ReadWithinItsEpoch),
        2 => one.clone().prop_map(Act::FailOver),
        1 => one.clone().prop_map(Act::LoseLease),
        1 => one.clone().prop_map(Act::RestartReplica),
        1 => one.clone().prop_map(Act::RestartNode),
        2 => one.clone().prop_map(Act::HangUp),
        6 => (one.clone(), one.clone()).prop_map(|(node, replica)| Act::Connect { node, replica }),
        8 => (one.clone(), 1..4u8).prop_map(|(n, times)| Act::Up(n, times)),
        12 => (one.clone(), 1..9u8).prop_map(|(n, times)| Act::Down(n, times)),
        1 => (one.clone(), any::<bool>()).prop_map(|(node, is_up)| Act::Drop { node, is_up }),
        1 => (one.clone(), any::<bool>()).prop_map(|(node, is_up)| Act::Repeat { node, is_up }),
        1 => (one.clone(), any::<bool>()).prop_map(|(node, is_up)| Act::Swap { node, is_up }),
        6 => one.prop_map(Act::Build),
        6 => (100..20_000u64).prop_map(Act::Pass),
    ]
}

fn play(cluster: &mut Cluster, act: Act) {
    match act {
        Act::Edit { name, is_there } => cluster.edit(name, is_there),
        Act::Read(replica) => cluster.read(replica),
        Act::ReadWithinItsEpoch(replica) => cluster.read_within_its_epoch(replica),
        Act::FailOver(replica) => cluster.elect(replica, cluster.lease.epoch.next()),
        Act::LoseLease(replica) => cluster.lose_lease(replica),
        Act::RestartReplica(replica) => cluster.restart_replica(replica),
        Act::RestartNode(node) => cluster.restart_node(node),
        Act::HangUp(node) => cluster.hang_up(node),
        Act::Connect { node, replica } => cluster.connect(node, replica),
        Act::Up(node, times) => (0..times).for_each(|_| _ = cluster.up(node)),
        Act::Down(node, times) => (0..times).for_each(|_| _ = cluster.down(node)),
        Act::Drop { node, is_up } => {
            with_queue(cluster, node, is_up, |queue| drop(queue.pop_front()))
        }
        Act::Repeat { node, is_up } => with_queue(cluster, node, is_up, |queue| {
            if let Some(first) = queue.front().cloned() {
                queue.push_front(first);
            }
        }),
        Act::Swap { node, is_up } => with_queue(cluster, node, is_up, |queue| {
            if queue.len() > 1 {
                queue.swap(0, 1);
            }
        }),
        Act::Build(node) => cluster.build(node),
        Act::Pass(ms) => cluster.pass(Duration::from_millis(ms)),
    }
}

type Queue = std::collections::VecDeque<Vec<u8>>;

fn with_queue(cluster: &mut Cluster, node: usize, is_up: bool, change: impl FnOnce(&mut Queue)) {
    if let Some(wire) = &mut cluster.nodes[node].wire {
        change(if is_up { &mut wire.up } else { &mut wire.down });
    }
}

/// No more faults: every replica reads, everything is delivered, time passes.
fn settle(cluster: &mut Cluster) {
    for second in 0..180 {
        (0..SIZE).for_each(|replica| cluster.read(replica));
        for node in 0..SIZE {
            cluster.connect(node, (node + second) % SIZE);
            while cluster.up(node) | cluster.down(node) {}
            cluster.build(node);
            while cluster.up(node) | cluster.down(node) {}
        }
        cluster.pass(Duration::from_secs(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_all_run_what_is_wanted_and_the_leader_knows(
        acts in prop::collection::vec(act(), 0..150),
    ) {
        let mut cluster = Cluster::new();
        acts.into_iter().for_each(|act| play(&mut cluster, act));
        settle(&mut cluster);
        let want = cluster.truth.last().unwrap().clone();
        for node in &cluster.nodes {
            prop_assert_eq!(node.client.running(), Some(&want), "node {}", node.number);
            prop_assert_eq!(node.client.epoch(), cluster.lease.epoch, "node {}", node.number);
        }
        let leader: usize = cluster.lease.address.parse().unwrap();
        let progress = cluster.replicas[leader].ledger.progress(&gateway(), want.version());
        prop_assert_eq!(progress, Progress { applied: SIZE, connected: SIZE });
    }
}
