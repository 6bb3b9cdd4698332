//! Properties of the codec.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use sluice_session::codec::*;
use sluice_session::wire;
use sluice_snapshot::{EntryKey, Sealer, Snapshot, diff};
use sluice_vocab::{GatewayKey, Secret};

use crate::samples;

const KEY: &[u8] = b"key";

fn mk_snapshot(content: &BTreeMap<String, Vec<u8>>) -> Snapshot {
    let sealer = Sealer::new(KEY);
    let seal = |bytes: &Vec<u8>| sealer.seal_bytes(bytes.clone().into());
    Snapshot::new(
        content
            .iter()
            .map(|(k, v)| (EntryKey::from(k.as_str()), seal(v)))
            .collect(),
    )
}

fn content() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    prop::collection::btree_map(
        "[a-e]{1,3}",
        prop::collection::vec(any::<u8>(), 0..200),
        0..12,
    )
}

fn version() -> impl Strategy<Value = Option<Claim>> {
    prop::option::of(any::<[u8; 16]>().prop_map(Claim::from))
}

fn identity() -> impl Strategy<Value = Identity> {
    let policies = prop::collection::btree_set(("[a-z]{0,8}", any::<u32>()), 0..5);
    (
        "[a-z-]{0,9}",
        "[a-z-]{1,9}",
        "[a-z0-9-]{1,36}",
        policies,
        ".*",
    )
        .prop_map(|(namespace, name, instance, policies, software)| Identity {
            gateway: GatewayKey {
                namespace: namespace.into(),
                name: name.into(),
            },
            instance,
            policies: policies
                .into_iter()
                .map(|(k, r)| PolicyKind::new(k, r))
                .collect(),
            software,
        })
}

fn refusal() -> impl Strategy<Value = Option<Refusal>> {
    let reason = (0..=6i32).prop_map(|n| Reason::try_from(n).unwrap());
    prop::option::of((reason, ".*").prop_map(|(reason, detail)| Refusal { reason, detail }))
}

fn over_the_wire(parts: Parts) -> Vec<wire::UpdatePart> {
    let parts = parts.map(|part| ToClient::Part(part).encode().encode_to_vec());
    let read = parts.map(|bytes| {
        match ToClient::decode(wire::FollowResponse::decode(bytes.as_slice()).unwrap()).unwrap() {
            Some(ToClient::Part(part)) => part,
            _ => panic!("not a part"),
        }
    });
    read.collect()
}

fn assemble(parts: Vec<wire::UpdatePart>) -> Result<Option<Update>, Broken> {
    let mut assembler = Assembler::default();
    parts
        .into_iter()
        .try_fold(None, |_, part| assembler.push(part))
}

proptest! {
    #[test]
    fn snapshots_and_deltas_arrive_whole_however_they_are_cut(
        a in content(), b in content(), size in 1..500usize, serial in 1..u64::MAX, epoch: u64,
    ) {
        let (a, b) = (mk_snapshot(&a), mk_snapshot(&b));
        let sealer = Sealer::new(KEY);
        for update in [
            Update::full(serial, Epoch::new(epoch), &b),
            Update::delta(serial, Epoch::new(epoch), diff(&a, &b)),
        ] {
            let parts = over_the_wire(update.clone().into_parts_of(size));
            let got = assemble(parts).unwrap().unwrap();
            prop_assert_eq!(&got, &update);
            prop_assert_eq!(got.realise(Some(&a), &sealer), Ok(b.clone()));
        }
    }

    #[test]
    fn a_lost_part_is_never_overlooked(b in content(), size in 1..100usize, lost: prop::sample::Index) {
        let mut parts: Vec<_> =
            Update::full(1, Epoch::new(1), &mk_snapshot(&b)).into_parts_of(size).collect();
        let lost = lost.index(parts.len());
        let was_last = lost + 1 == parts.len();
        parts.remove(lost);
        let got = assemble(parts);
        let is_noticed = if was_last { got == Ok(None) } else { got.is_err() };
        prop_assert!(is_noticed);
    }

    #[test]
    fn a_changed_byte_is_never_applied(b in content(), at: prop::sample::Index, bit in 0..8u32) {
        prop_assume!(b.values().any(|v| !v.is_empty()));
        let want = mk_snapshot(&b);
        let mut update = Update::full(1, Epoch::new(1), &want);
        let mut entries: Vec<_> = update.upserts.values_mut().filter(|v| !v.is_empty()).collect();
        let i = at.index(entries.len());
        let mut changed = entries[i].to_vec();
        let j = at.index(changed.len());
        changed[j] ^= 1 << bit;
        *entries[i] = Bytes::from(changed);
        let refusal = update.realise(None, &Sealer::new(KEY)).unwrap_err();
        prop_assert_eq!(refusal.reason, Reason::WrongResult);
    }

    #[test]
    fn hellos_and_acks_come_back(
        identity in identity(), version in version(), epoch: u64, serial: u64, refusal in refusal(),
    ) {
        let epoch = Epoch::new(epoch);
        let ack = Ack { serial, version, epoch, refusal };
        for message in [ToServer::Hello(Hello { identity, version, epoch }), ToServer::Ack(ack)] {
            let bytes = message.clone().encode().encode_to_vec();
            let read = wire::FollowRequest::decode(bytes.as_slice()).unwrap();
            prop_assert_eq!(ToServer::decode(read), Ok(Some(message)));
        }
    }

    #[test]
    fn welcomes_and_heartbeats_come_back(
        epoch: u64, key in prop::collection::vec(any::<u8>(), 1..64), ms: u32, text in ".*", version in version(),
    ) {
        let epoch = Epoch::new(epoch);
        let heartbeat = Duration::from_millis(ms.into());
        for message in [
            ToClient::Welcome(Welcome { epoch, install_key: Secret::new(key), heartbeat, software: text.clone() }),
            ToClient::Heartbeat(Heartbeat { epoch, version, leader: Some(Leader { address: text, epoch }) }),
            ToClient::Heartbeat(Heartbeat { epoch, version, leader: None }),
        ] {
            let bytes = message.clone().encode().encode_to_vec();
            let read = ToClient::decode(wire::FollowResponse::decode(bytes.as_slice()).unwrap());
            prop_assert!(read == Ok(Some(message)));
        }
    }

    #[test]
    fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = wire::FollowRequest::decode(bytes.as_slice()) {
            let _ = ToServer::decode(message);
        }
        if let Ok(message) = wire::FollowResponse::decode(bytes.as_slice()) {
            let _ = ToClient::decode(message);
        }
        if let Ok(message) = wire::ReportRequest::decode(bytes.as_slice()) {
            let _ = Report::try_from(message);
        }
        if let Ok(part) = wire::UpdatePart::decode(bytes.as_slice()) {
            let _ = Assembler::default().push(part);
        }
    }
}

#[test]
fn an_entry_larger_than_a_message_goes_in_pieces() {
    let want = mk_snapshot(
        &[
            ("big".to_owned(), vec![7; 5 << 20]),
            ("small".to_owned(), vec![1]),
        ]
        .into(),
    );
    let parts: Vec<_> = Update::full(1, Epoch::new(1), &want).into_parts().collect();
    assert_eq!(parts.len(), 6);
    assert!(
        parts.iter().all(|p| p.encoded_len() < 2 << 20),
        "gRPC takes 4 MiB by default"
    );
    let update = assemble(parts).unwrap().unwrap();
    assert_eq!(update.realise(None, &Sealer::new(KEY)), Ok(want));
}

#[test]
fn more_than_the_limit_is_refused_while_it_arrives() {
    let want = mk_snapshot(&[("big".to_owned(), vec![7; 1000])].into());
    let mut assembler = Assembler::with_limit(500);
    let mut parts = Update::full(1, Epoch::new(1), &want).into_parts_of(100);
    let broken = parts.find_map(|part| assembler.push(part).err()).unwrap();
    assert_eq!(
        (broken.serial, broken.refusal.reason),
        (1, Reason::TooLarge)
    );
    assert!(parts.next().is_some(), "there was more to come");
}

#[test]
fn a_report_stays_a_message() {
    let mut report = samples::mk_report();
    let diagnostic = report.vitals.diagnostics[0].clone();
    let long = Diagnostic {
        message: "é".repeat(5000),
        ..diagnostic
    };
    report.vitals.diagnostics = vec![long; MAX_DIAGNOSTICS + 5];
    let sent = report.encode();
    assert!(sent.encoded_len() < 4 << 20);
    let read = Report::try_from(sent).unwrap();
    assert_eq!(
        (read.vitals.diagnostics.len(), read.vitals.omitted),
        (MAX_DIAGNOSTICS, 6)
    );
}
