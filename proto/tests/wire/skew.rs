//! Peers one minor version apart: what is new is ignored, what is missing is as it was before, nothing looks like corruption.

use prost::Message;
use sluice_session::codec::*;
use sluice_session::wire;
use sluice_snapshot::{EntryKey, Sealer, Snapshot};

use crate::samples;

/// Fields with numbers that nobody uses: a varint, a fixed one, and text.
const UNKNOWN: [&[u8]; 3] = [
    &[0xc0, 0x3e, 0x2a],
    &[0xc9, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8],
    &[0xd2, 0x3e, 5, b'a', b'f', b't', b'e', b'r'],
];

/// A message of a newer peer: unknown fields before and after.
fn newer(bytes: &[u8]) -> Vec<u8> {
    [UNKNOWN[0], UNKNOWN[2], bytes, UNKNOWN[1], UNKNOWN[2]].concat()
}

/// The same inside the one message that it holds.
fn newer_inside(bytes: &[u8]) -> Vec<u8> {
    let tag = bytes[0];
    let mut rest = &bytes[1..];
    let len = prost::decode_length_delimiter(&mut rest).unwrap();
    assert_eq!(len, rest.len());
    let inner = newer(rest);
    let mut out = vec![tag];
    prost::encode_length_delimiter(inner.len(), &mut out).unwrap();
    out.extend(inner);
    out
}

#[test]
fn fields_of_a_newer_peer_are_ignored() {
    for (name, message) in samples::to_server() {
        let bytes = message.clone().encode().encode_to_vec();
        for bytes in [newer(&bytes), newer_inside(&bytes)] {
            let read = wire::FollowRequest::decode(bytes.as_slice()).unwrap();
            assert_eq!(ToServer::decode(read), Ok(Some(message.clone())), "{name}");
        }
    }
    for (name, message) in samples::to_client() {
        let bytes = message.clone().encode().encode_to_vec();
        for bytes in [newer(&bytes), newer_inside(&bytes)] {
            let read = wire::FollowResponse::decode(bytes.as_slice()).unwrap();
            assert!(
                ToClient::decode(read).unwrap() == Some(message.clone()),
                "{name}"
            );
        }
    }
    let report = samples::mk_report();
    let bytes = newer(&report.clone().encode().encode_to_vec());
    assert_eq!(
        Report::try_from(wire::ReportRequest::decode(bytes.as_slice()).unwrap()),
        Ok(report)
    );
}

#[test]
fn messages_of_a_newer_peer_are_ignored() {
    // Field 15 of the oneof, as a message.
    let bytes = [0x7a, 0x02, 0x08, 0x01];
    assert_eq!(
        ToServer::decode(wire::FollowRequest::decode(&bytes[..]).unwrap()),
        Ok(None)
    );
    assert!(ToClient::decode(wire::FollowResponse::decode(&bytes[..]).unwrap()) == Ok(None));
}

#[test]
fn fields_of_a_newer_compiler_survive_and_do_not_look_like_corruption() {
    // The newer operator's entry has fields that this build can't name.
    let sealer = Sealer::new(b"install key");
    let known = samples::mk_snapshot(&[("openai", "sk-1")]);
    let newer: Vec<(EntryKey, _)> = known
        .entries()
        .iter()
        .map(|(key, sealed)| (key.clone(), sealer.seal_bytes(newer(sealed.bytes()).into())))
        .collect();
    let want = Snapshot::new(newer.into_iter().collect());
    assert_ne!(want.version(), known.version());
    let mut assembler = Assembler::default();
    let parts: Vec<_> = Update::full(1, Epoch::new(1), &want)
        .into_parts_of(70)
        .collect();
    let update = parts
        .into_iter()
        .find_map(|part| assembler.push(part).unwrap())
        .unwrap();
    let got = update.realise(None, &sealer).unwrap();
    assert_eq!(got.version(), want.version());
    for (key, sealed) in got.entries() {
        assert_eq!(sealed.bytes(), want.entries()[key].bytes());
        let old = &known.entries()[key];
        assert!(sealed.decode(key).unwrap() == old.decode(key).unwrap());
    }
}

#[test]
fn words_of_a_newer_peer_are_unspecified() {
    let refusal = wire::Refusal {
        reason: 99,
        detail: "new".into(),
    };
    assert_eq!(Refusal::from(refusal).reason, Reason::Unspecified);
    let health = wire::Health {
        key: "upstream/a".into(),
        state: 99,
        detail: String::new(),
    };
    assert_eq!(Health::from(health).state, HealthState::Unspecified);
}

#[test]
fn an_older_peer_leaves_out_what_it_does_not_know() {
    // The least that ever was a hello: protocol, gateway, instance.
    let gateway = Some(wire::Gateway {
        namespace: "team-a".into(),
        name: "edge".into(),
    });
    let least = wire::Hello {
        protocol: 1,
        gateway,
        instance: "pod".into(),
        ..Default::default()
    };
    let hello = Hello::try_from(least).unwrap();
    assert_eq!((hello.version, hello.epoch), (None, Epoch::default()));
    assert!(hello.identity.policies.is_empty());
    let least = wire::Welcome {
        protocol: 1,
        install_key: b"key".to_vec(),
        ..Default::default()
    };
    assert_eq!(Welcome::try_from(least).unwrap().epoch, Epoch::default());
}

#[test]
fn one_version_apart_is_near_enough() {
    let hello = |protocol| {
        let message = wire::Hello {
            protocol,
            ..samples::mk_hello().into()
        };
        Hello::try_from(message).map(|_| ())
    };
    assert_eq!(hello(PROTOCOL), Ok(()));
    assert_eq!(hello(PROTOCOL + 1), Ok(()));
    assert_eq!(
        hello(PROTOCOL + 2),
        Err(WireError::Protocol {
            theirs: PROTOCOL + 2
        })
    );
    assert_eq!(hello(0), Err(WireError::Protocol { theirs: 0 }));
}

#[test]
fn nonsense_has_a_name() {
    let hello = || wire::Hello::from(samples::mk_hello());
    let short = wire::Hello {
        version: vec![1; 15],
        ..hello()
    };
    assert_eq!(
        Hello::try_from(short),
        Err(WireError::Version {
            message: "Hello",
            len: 15
        })
    );
    let nobody = wire::Hello {
        gateway: None,
        ..hello()
    };
    assert_eq!(
        Hello::try_from(nobody),
        Err(WireError::Missing {
            message: "Hello",
            field: "gateway"
        })
    );
    let keyless = wire::Welcome {
        install_key: Vec::new(),
        ..samples::mk_welcome().into()
    };
    let missing = WireError::Missing {
        message: "Welcome",
        field: "install_key",
    };
    assert_eq!(Welcome::try_from(keyless), Err(missing));
}
