//! One of each message, with every field set.

use std::sync::Arc;
use std::time::Duration;

use sluice_session::codec::*;
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Sealer, Snapshot, diff};
use sluice_vocab::{GatewayKey, Kind, ObjectRef, Origin, Secret};

pub(crate) fn mk_identity() -> Identity {
    Identity {
        gateway: GatewayKey {
            namespace: "team-a".into(),
            name: "edge".into(),
        },
        instance: "0b1c8f6e-3a52-4c39-9d0c-9d3a1f5c7e21".into(),
        policies: [
            PolicyKind::new("promptGuard", 1),
            PolicyKind::new("timeouts", 1),
        ]
        .into(),
        software: "sluice-dataplane 0.1.0".into(),
    }
}

pub(crate) fn mk_snapshot(keys: &[(&str, &str)]) -> Arc<Snapshot> {
    let sealer = Sealer::new(b"install key");
    let seal = |name: &str, value: &str| {
        let object = ObjectRef::new(Kind::Secret, "team-a", name);
        let origin = Origin {
            object,
            generation: 3,
            path: "data.apiKey".into(),
        };
        sealer.seal(
            &origin,
            Body::Credential(model::Credential {
                value: value.into(),
            }),
        )
    };
    let entries = keys.iter().map(|(name, value)| {
        let key = EntryKey::new(&["credential", "team-a", name]);
        (key, seal(name, value))
    });
    Arc::new(Snapshot::new(entries.collect()))
}

pub(crate) fn version(byte: u8) -> Claim {
    Claim::from([byte; 16])
}

pub(crate) fn mk_hello() -> Hello {
    Hello {
        identity: mk_identity(),
        version: Some(version(0xaa)),
        epoch: Epoch::new(7),
    }
}

pub(crate) fn mk_welcome() -> Welcome {
    Welcome {
        epoch: Epoch::new(7),
        install_key: Secret::new("install key"),
        heartbeat: Duration::from_secs(10),
        software: "sluice-operator 0.1.0".into(),
    }
}

pub(crate) fn mk_refusal() -> Refusal {
    Refusal {
        reason: Reason::WrongBase,
        detail: "it starts from elsewhere".into(),
    }
}

pub(crate) fn mk_full() -> Update {
    let want = mk_snapshot(&[("openai", "sk-1"), ("mistral", "sk-2")]);
    Update::full(1, Epoch::new(7), &want)
}

pub(crate) fn mk_delta() -> Update {
    let (have, want) = (
        mk_snapshot(&[("openai", "sk-1")]),
        mk_snapshot(&[("mistral", "sk-2")]),
    );
    Update::delta(2, Epoch::new(7), diff(&have, &want))
}

pub(crate) fn mk_report() -> Report {
    let key = || EntryKey::from("upstream/team-a/openai");
    Report {
        identity: mk_identity(),
        incarnation: 1_700_000_000_000,
        sequence: 42,
        epoch: Epoch::new(7),
        version: Some(version(0xaa)),
        refusal: Some(mk_refusal()),
        vitals: Vitals {
            diagnostics: vec![Diagnostic {
                key: key(),
                origin: Some(model::Origin {
                    kind: "Upstream".into(),
                    namespace: "team-a".into(),
                    name: "openai".into(),
                    generation: 3,
                    path: "spec.ai.openai".into(),
                }),
                message: "the certificate is no PEM".into(),
            }],
            omitted: 1,
            health: vec![Health {
                key: key(),
                state: HealthState::Ejected,
                detail: "5 failures".into(),
            }],
            counters: vec![
                Counter {
                    name: "requests".into(),
                    key: None,
                    value: 1000,
                },
                Counter {
                    name: "failures".into(),
                    key: Some(key()),
                    value: 5,
                },
            ],
        },
    }
}

pub(crate) fn mk_leader() -> Leader {
    Leader {
        address: "10.0.0.7:9443".into(),
        epoch: Epoch::new(7),
    }
}

/// By the name of the golden file.
pub(crate) fn to_server() -> Vec<(&'static str, ToServer)> {
    let ack = |refusal| Ack {
        serial: 2,
        version: Some(version(0xaa)),
        epoch: Epoch::new(7),
        refusal,
    };
    vec![
        ("hello", ToServer::Hello(mk_hello())),
        ("ack", ToServer::Ack(ack(None))),
        ("ack-refused", ToServer::Ack(ack(Some(mk_refusal())))),
    ]
}

/// By the name of the golden file.
pub(crate) fn to_client() -> Vec<(&'static str, ToClient)> {
    let heartbeat = Heartbeat {
        epoch: Epoch::new(7),
        version: Some(version(0xaa)),
        leader: Some(mk_leader()),
    };
    let mut samples = vec![
        ("welcome", ToClient::Welcome(mk_welcome())),
        ("heartbeat", ToClient::Heartbeat(heartbeat)),
        (
            "update-delta",
            ToClient::Part(mk_delta().into_parts().next().unwrap()),
        ),
    ];
    let names = [
        "update-full-0",
        "update-full-1",
        "update-full-2",
        "update-full-3",
    ];
    let parts: Vec<_> = mk_full().into_parts_of(30).collect();
    assert_eq!(parts.len(), names.len());
    samples.extend(names.into_iter().zip(parts.into_iter().map(ToClient::Part)));
    samples
}
