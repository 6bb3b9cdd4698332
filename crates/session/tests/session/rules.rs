//! Single rules of a data plane.

use std::time::{Duration, Instant};

use sluice_session::codec::{Claim, Heartbeat, Reason, ToClient, ToServer, Update, Welcome};
use sluice_session::{Client, ClientEvent, Why};
use sluice_snapshot::diff;
use sluice_vocab::Secret;

use crate::support::*;

fn mk_client() -> Client {
    Client::new(mk_identity(1, &["timeouts"]))
}

fn welcome(at: u64, key: &[u8]) -> ToClient {
    let heartbeat = Duration::from_secs(10);
    let install_key = Secret::new(key);
    ToClient::Welcome(Welcome {
        epoch: epoch(at),
        install_key,
        heartbeat,
        software: String::new(),
    })
}

fn refusal(answers: Vec<ToServer>) -> Option<Reason> {
    match answers.as_slice() {
        [ToServer::Ack(ack)] => ack.refusal.as_ref().map(|r| r.reason),
        other => panic!("{other:?} is not one ack"),
    }
}

fn send(client: &mut Client, now: Instant, update: Update) -> Vec<ToServer> {
    update
        .into_parts_of(50)
        .flat_map(|part| deliver(client, now, ToClient::Part(part)))
        .collect()
}

#[test]
fn a_delta_on_another_base_changes_nothing() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    client.receive(now, welcome(1, KEY));
    let (a, b, c) = (
        snapshot([("a", 1)]),
        snapshot([("b", 1)]),
        snapshot([("c", 1)]),
    );
    assert_eq!(
        refusal(send(&mut client, now, Update::full(1, epoch(1), &a))),
        None
    );
    let wrong = Update::delta(2, epoch(1), diff(&b, &c));
    assert_eq!(
        refusal(send(&mut client, now, wrong)),
        Some(Reason::WrongBase)
    );
    assert_eq!(client.running(), Some(&a));
    assert_eq!(
        refusal(send(&mut client, now, Update::full(3, epoch(1), &c))),
        None
    );
    assert_eq!(client.running(), Some(&c));
}

#[test]
fn content_that_is_not_what_it_says_is_refused() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    client.receive(now, welcome(1, KEY));
    let mut update = Update::full(1, epoch(1), &snapshot([("a", 1)]));
    update.to = Claim::from(snapshot([("a", 2)]).version());
    assert_eq!(
        refusal(send(&mut client, now, update)),
        Some(Reason::WrongResult)
    );
    assert_eq!(client.running(), None);
}

#[test]
fn hashes_under_another_install_key_are_refused() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    client.receive(now, welcome(1, b"another"));
    let update = Update::full(1, epoch(1), &snapshot([("a", 1)]));
    assert_eq!(
        refusal(send(&mut client, now, update)),
        Some(Reason::WrongResult)
    );
}

#[test]
fn a_lower_epoch_is_refused_at_its_first_part() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    client.receive(now, welcome(7, KEY));
    let answers = send(
        &mut client,
        now,
        Update::full(1, epoch(6), &snapshot([("a", 1), ("b", 1)])),
    );
    assert_eq!(refusal(answers), Some(Reason::LowerEpoch));
    assert_eq!(client.running(), None);
}

#[test]
fn what_was_built_is_not_installed_when_a_higher_epoch_came_meanwhile() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    client.receive(now, welcome(1, KEY));
    let update = Update::full(1, epoch(1), &snapshot([("a", 1)]));
    let events: Vec<_> = update
        .into_parts()
        .flat_map(|part| client.receive(now, ToClient::Part(part)))
        .collect();
    assert!(matches!(events.as_slice(), [ClientEvent::Build(_)]));
    client.observe(epoch(2));
    let events = client.built(now, Ok(()));
    let [ClientEvent::Send(ToServer::Ack(ack))] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(
        ack.refusal.as_ref().map(|r| r.reason),
        Some(Reason::LowerEpoch)
    );
    assert_eq!(
        (ack.epoch, ack.version, client.running()),
        (epoch(2), None, None)
    );
}

#[test]
fn without_a_table_the_last_good_one_stays() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    client.receive(now, welcome(1, KEY));
    let good = snapshot([("a", 1)]);
    send(&mut client, now, Update::full(1, epoch(1), &good));
    for part in Update::full(2, epoch(1), &snapshot([("a", 2)])).into_parts() {
        client.receive(now, ToClient::Part(part));
    }
    client.built(now, Err("a panic".into()));
    assert_eq!(client.running(), Some(&good));
    assert_eq!(client.refusal().map(|r| r.reason), Some(Reason::NotBuilt));
}

#[test]
fn a_missing_part_is_noticed_and_a_repeated_one_ignored() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    client.receive(now, welcome(1, KEY));
    let want = snapshot([("a", 1), ("b", 1), ("c", 1)]);
    let parts: Vec<_> = Update::full(1, epoch(1), &want).into_parts_of(60).collect();
    assert!(parts.len() > 3);
    let answers: Vec<_> = parts
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != 1)
        .flat_map(|(_, part)| deliver(&mut client, now, ToClient::Part(part.clone())))
        .collect();
    assert_eq!(refusal(answers), Some(Reason::Broken));
    let again = Update::full(2, epoch(1), &want)
        .into_parts_of(60)
        .flat_map(|part| [part.clone(), part]);
    let answers = again
        .flat_map(|part| deliver(&mut client, now, ToClient::Part(part)))
        .collect();
    assert_eq!(refusal(answers), None);
    assert_eq!(client.running(), Some(&want));
}

#[test]
fn only_a_current_replica_counts_as_a_sign_of_life() {
    let (start, mut client) = (Instant::now(), mk_client());
    let at = |seconds| start + Duration::from_secs(seconds);
    client.connect(start);
    client.receive(start, welcome(3, KEY));
    let beat = |n, version| {
        ToClient::Heartbeat(Heartbeat {
            epoch: epoch(n),
            version,
            leader: None,
        })
    };
    client.receive(at(20), beat(3, None));
    assert_eq!(client.step(at(49)), []);
    client.receive(at(49), beat(2, None));
    assert_eq!(client.step(at(50)), [ClientEvent::Reconnect(Why::Silence)]);
}

#[test]
fn only_the_version_that_runs_confirms() {
    let (start, mut client) = (Instant::now(), mk_client());
    let at = |seconds| start + Duration::from_secs(seconds);
    client.connect(start);
    client.receive(start, welcome(1, KEY));
    let (a, b) = (snapshot([("a", 1)]), snapshot([("b", 1)]));
    send(&mut client, start, Update::full(1, epoch(1), &a));
    let beat = |n, of: &sluice_snapshot::Snapshot| {
        ToClient::Heartbeat(Heartbeat {
            epoch: epoch(n),
            version: Some(of.version().into()),
            leader: None,
        })
    };
    client.receive(at(10), beat(1, &a));
    assert_eq!(client.confirmed(), Some(at(10)));
    client.receive(at(20), beat(1, &b));
    client.receive(at(30), beat(0, &a));
    assert_eq!(client.confirmed(), Some(at(10)));
}

#[test]
fn nothing_counts_before_the_welcome() {
    let (now, mut client) = (Instant::now(), mk_client());
    client.connect(now);
    let beat = ToClient::Heartbeat(Heartbeat {
        epoch: epoch(1),
        version: None,
        leader: None,
    });
    assert_eq!(
        client.receive(now, beat),
        [ClientEvent::Reconnect(Why::Unwelcome)]
    );
    assert_eq!(client.epoch(), epoch(0));
    client.connect(now);
    client.receive(now, welcome(1, KEY));
    assert_eq!(
        client.receive(now, welcome(1, KEY)),
        [ClientEvent::Reconnect(Why::Unwelcome)]
    );
}
