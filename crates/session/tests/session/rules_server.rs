//! Single rules of a server.

use std::time::{Duration, Instant};

use sluice_session::codec::{Ack, Claim, Leader, PolicyKind, Reason, Refusal, ToServer};
use sluice_session::{Client, ClientEvent, Close, Server, ServerEvent};

use crate::support::*;

fn mk_client() -> Client {
    Client::new(mk_identity(1, &["timeouts"]))
}

#[test]
fn whole_first_then_what_changed() {
    let (a, b) = (
        snapshot([("a", 1), ("b", 1)]),
        snapshot([("a", 1), ("c", 1)]),
    );
    let mut releases = releases(1, &a);
    let mut pair = Pair::connect(Instant::now(), mk_client(), &releases);
    assert_eq!(pair.client.running(), Some(&a));
    releases.publish(epoch(1), b.clone());
    pair.step(1, &releases);
    assert_eq!(pair.client.running(), Some(&b));
    assert_eq!(pair.pushes(), [true, false]);
    let Some(ServerEvent::Push(delta)) = pair
        .log
        .iter()
        .rfind(|e| matches!(e, ServerEvent::Push(_)))
        .cloned()
    else {
        panic!("no push")
    };
    assert_eq!((delta.upserts.len(), delta.removes.len()), (1, 1));
}

#[test]
fn a_restart_of_the_operator_pushes_nothing() {
    let a = snapshot([("a", 1)]);
    let client = Pair::connect(Instant::now(), mk_client(), &releases(1, &a)).client;
    let pair = Pair::connect(Instant::now(), client, &releases(2, &a));
    assert!(pair.pushes().is_empty());
    assert_eq!(pair.client.epoch(), epoch(2));
}

#[test]
fn an_unknown_base_gets_the_whole() {
    let client = Pair::connect(
        Instant::now(),
        mk_client(),
        &releases(1, &snapshot([("a", 1)])),
    )
    .client;
    let pair = Pair::connect(Instant::now(), client, &releases(1, &snapshot([("b", 1)])));
    assert_eq!(pair.pushes(), [true]);
}

#[test]
fn a_base_from_before_gets_a_delta() {
    let (a, b) = (snapshot([("a", 1)]), snapshot([("b", 1)]));
    let client = Pair::connect(Instant::now(), mk_client(), &releases(1, &a)).client;
    let mut other = releases(1, &a);
    other.publish(epoch(1), b);
    assert_eq!(
        Pair::connect(Instant::now(), client, &other).pushes(),
        [false]
    );
}

#[test]
fn one_is_under_way_and_the_newest_follows() {
    let now = Instant::now();
    let mut releases = releases(1, &snapshot([("a", 0)]));
    let hello = hello(&mut mk_client(), now);
    let (mut server, events) = Server::accept(now, hello, settings(), &releases).unwrap();
    assert!(events.iter().any(|e| matches!(e, ServerEvent::Push(_))));
    let first = releases.current().unwrap().snapshot().version();
    for n in 1..5 {
        releases.publish(epoch(1), snapshot([("a", n)]));
        assert_eq!(server.step(now, &releases), []);
    }
    let ack = Ack {
        serial: 1,
        version: Some(first.into()),
        epoch: epoch(1),
        refusal: None,
    };
    let events = server.receive(now, ToServer::Ack(ack.clone()), &releases);
    let [ServerEvent::Applied(_), ServerEvent::Push(update)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert!(update.to == snapshot([("a", 4)]).version());
    assert_eq!(
        server.receive(now, ToServer::Ack(ack), &releases),
        [],
        "an ack counts once"
    );
    assert_eq!(
        server.step(now + Duration::from_secs(60), &releases),
        [ServerEvent::Close(Close::Overdue)]
    );
}

#[test]
fn a_refused_delta_becomes_a_whole_and_a_refused_whole_waits() {
    let now = Instant::now();
    let a = snapshot([("a", 1)]);
    let mut releases = releases(1, &a);
    releases.publish(epoch(1), snapshot([("a", 2)]));
    let mut hello = hello(&mut mk_client(), now);
    hello.version = Some(Claim::from(a.version()));
    let (mut server, events) = Server::accept(now, hello, settings(), &releases).unwrap();
    assert!(matches!(events.last(), Some(ServerEvent::Push(u)) if u.from.is_some()));
    let refuse = |serial| {
        let refusal = Refusal {
            reason: Reason::WrongResult,
            detail: String::new(),
        };
        let version = Some(Claim::from(a.version()));
        ToServer::Ack(Ack {
            serial,
            version,
            epoch: epoch(1),
            refusal: Some(refusal),
        })
    };
    let events = server.receive(now, refuse(1), &releases);
    assert!(matches!(events.last(), Some(ServerEvent::Push(u)) if u.from.is_none()));
    let events = server.receive(now, refuse(2), &releases);
    assert!(matches!(events.as_slice(), [ServerEvent::Refused(_)]));
    assert_eq!(server.wake(), now + Duration::from_secs(2));
    assert!(matches!(
        server.step(server.wake(), &releases).as_slice(),
        [ServerEvent::Push(_)]
    ));
}

#[test]
fn another_version_does_not_wait_for_a_refused_one() {
    let now = Instant::now();
    let mut releases = releases(1, &snapshot([("a", 1)]));
    let (mut server, _) =
        Server::accept(now, hello(&mut mk_client(), now), settings(), &releases).unwrap();
    for serial in 1..=2 {
        let refusal = Refusal {
            reason: Reason::NotBuilt,
            detail: String::new(),
        };
        let ack = Ack {
            serial,
            version: None,
            epoch: epoch(1),
            refusal: Some(refusal),
        };
        server.receive(now, ToServer::Ack(ack), &releases);
    }
    releases.publish(epoch(1), snapshot([("a", 2)]));
    assert!(matches!(
        server.step(now, &releases).as_slice(),
        [ServerEvent::Push(_)]
    ));
}

#[test]
fn a_policy_that_is_not_known_is_told_before_the_push() {
    let pair = Pair::connect(
        Instant::now(),
        mk_client(),
        &releases(1, &snapshot([("policy-x", 1)])),
    );
    let unknown = pair
        .log
        .iter()
        .position(|e| matches!(e, ServerEvent::Unknown(_)))
        .unwrap();
    let push = pair
        .log
        .iter()
        .position(|e| matches!(e, ServerEvent::Push(_)))
        .unwrap();
    assert!(unknown < push);
    let ServerEvent::Unknown(unknown) = &pair.log[unknown] else {
        panic!()
    };
    assert_eq!(unknown[0].policy, PolicyKind::new("magic", 1));
    assert_eq!(
        unknown[0].origin.as_ref().map(|o| o.name.as_str()),
        Some("policy-x")
    );
}

#[test]
fn another_revision_of_a_policy_is_not_known_either() {
    let mut identity = mk_identity(1, &[]);
    identity.policies.insert(PolicyKind::new("magic", 2));
    let releases = releases(1, &snapshot([("policy-x", 1)]));
    let pair = Pair::connect(Instant::now(), Client::new(identity), &releases);
    assert!(
        pair.log
            .iter()
            .any(|e| matches!(e, ServerEvent::Unknown(_)))
    );
}

#[test]
fn a_replica_behind_pushes_nothing_until_it_has_caught_up() {
    let (old, new) = (snapshot([("a", 1)]), snapshot([("b", 1)]));
    let client = Pair::connect(Instant::now(), mk_client(), &releases(5, &new)).client;
    let mut behind = releases(4, &old);
    let mut pair = Pair::connect(Instant::now(), client, &behind);
    assert!(pair.pushes().is_empty());
    assert!(pair.log.contains(&ServerEvent::Behind(epoch(5))));
    behind.publish(epoch(5), snapshot([("c", 1)]));
    pair.step(1, &behind);
    assert_eq!(pair.client.running(), Some(&snapshot([("c", 1)])));
}

#[test]
fn nobody_can_make_an_epoch_that_ends_all_epochs() {
    let now = Instant::now();
    let mut hello = hello(&mut mk_client(), now);
    hello.epoch = epoch(u64::MAX);
    assert!(Server::accept(now, hello, settings(), &releases(1, &snapshot([]))).is_err());
}

#[test]
fn a_lower_epoch_is_never_published() {
    let mut releases = releases(3, &snapshot([("a", 1)]));
    assert!(!releases.publish(epoch(2), snapshot([("b", 1)])));
    assert_eq!(
        releases.current().unwrap().snapshot(),
        &snapshot([("a", 1)])
    );
}

#[test]
fn a_new_leader_is_told_at_once() {
    let mut releases = releases(1, &snapshot([]));
    let leader = |address: &str, n| Leader {
        address: address.into(),
        epoch: epoch(n),
    };
    assert!(releases.lead(leader("a:1", 1)));
    let mut pair = Pair::connect(Instant::now(), mk_client(), &releases);
    assert!(releases.lead(leader("b:1", 2)) && !releases.lead(leader("a:1", 1)));
    pair.step(0, &releases);
    pair.step(0, &releases);
    let told = pair.log.iter().filter_map(|e| match e {
        ServerEvent::Heartbeat(heartbeat) => heartbeat.leader.clone(),
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [leader("a:1", 1), leader("b:1", 2)]
    );
    assert_eq!(pair.client.epoch(), epoch(2));
}

#[test]
fn an_empty_gateway_is_configuration_too() {
    let mut pair = Pair::connect(Instant::now(), mk_client(), &releases(1, &snapshot([])));
    assert_eq!(pair.pushes(), [true]);
    assert_eq!(pair.client.running(), Some(&snapshot([])));
    pair.step(10, &releases(1, &snapshot([])));
    assert_eq!(pair.client.confirmed(), Some(pair.now));
}

#[test]
fn what_an_earlier_stream_brought_may_still_be_built_when_the_next_begins() {
    let now = Instant::now();
    let (a, b, c) = (
        snapshot([("a", 1)]),
        snapshot([("a", 1), ("b", 1)]),
        snapshot([("a", 1), ("c", 1)]),
    );
    let mut replica = releases(1, &a);
    let mut client = Pair::connect(now, mk_client(), &replica).client;
    let other = Server::accept(now, hello(&mut client, now), settings(), &releases(1, &b)).unwrap();
    let building = other.1.into_iter().flat_map(ServerEvent::into_messages);
    building.for_each(|message| drop(client.receive(now, message)));
    // The stream breaks; the hello of the next says `a`, and then `b` runs.
    replica.publish(epoch(1), c.clone());
    let (mut server, events) =
        Server::accept(now, hello(&mut client, now), settings(), &replica).unwrap();
    assert!(matches!(events.last(), Some(ServerEvent::Push(u)) if u.from.is_some()));
    let messages: Vec<_> = events
        .into_iter()
        .flat_map(ServerEvent::into_messages)
        .collect();
    let waiting: Vec<_> = messages
        .into_iter()
        .flat_map(|m| client.receive(now, m))
        .collect();
    assert!(waiting.is_empty());
    let events = client.built(now, Ok(()));
    assert_eq!(client.running(), Some(&b));
    let Some(ClientEvent::Send(ack)) = events.last().cloned() else {
        panic!("{events:?}")
    };
    let events = server.receive(now, ack, &replica);
    assert!(matches!(events.last(), Some(ServerEvent::Push(u)) if u.from.is_none()));
    for message in events.into_iter().flat_map(ServerEvent::into_messages) {
        deliver(&mut client, now, message);
    }
    assert_eq!(client.running(), Some(&c));
}
