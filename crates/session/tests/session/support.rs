//! Snapshots and peers to test with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_session::codec::{Epoch, Hello, Identity, PolicyKind, ToClient, ToServer};
use sluice_session::{Client, ClientEvent, Releases, Server, ServerEvent, ServerSettings};
use sluice_snapshot::model::{self, entry::Body};
use sluice_snapshot::{EntryKey, Sealer, Snapshot};
use sluice_vocab::{GatewayKey, Kind, ObjectRef, Origin, Secret};

pub(crate) const KEY: &[u8] = b"install";

/// Entries by name; what begins with `policy` is one that only newer data planes know.
pub(crate) fn mk_snapshot(entries: &BTreeMap<String, u64>) -> Arc<Snapshot> {
    let sealer = Sealer::new(KEY);
    let seal = |name: &String, value: &u64| {
        let body = if name.starts_with("policy") {
            let config = format!("{{\"value\":{value}}}");
            Body::Policy(model::Policy {
                kind: "magic".into(),
                revision: 1,
                config,
            })
        } else {
            let digest = vec![u8::try_from(*value % 256).unwrap(); 60];
            Body::ApiKey(model::ApiKey {
                set: "keys".into(),
                caller: format!("{name}-{value}"),
                digest,
            })
        };
        let object = ObjectRef::new(Kind::Secret, "team", name.as_str());
        sealer.seal(
            &Origin {
                object,
                generation: 1,
                path: String::new(),
            },
            body,
        )
    };
    Arc::new(Snapshot::new(
        entries
            .iter()
            .map(|(n, v)| (EntryKey::new(&["key", n]), seal(n, v)))
            .collect(),
    ))
}

/// From pairs.
pub(crate) fn snapshot<const N: usize>(entries: [(&str, u64); N]) -> Arc<Snapshot> {
    mk_snapshot(
        &entries
            .into_iter()
            .map(|(n, v)| (n.to_owned(), v))
            .collect(),
    )
}

pub(crate) fn gateway() -> GatewayKey {
    GatewayKey {
        namespace: "team".into(),
        name: "edge".into(),
    }
}

pub(crate) fn mk_identity(instance: usize, policies: &[&str]) -> Identity {
    let policies: BTreeSet<_> = policies.iter().map(|p| PolicyKind::new(*p, 1)).collect();
    Identity {
        gateway: gateway(),
        instance: format!("pod-{instance}"),
        policies,
        software: "test".into(),
    }
}

pub(crate) fn settings() -> ServerSettings {
    ServerSettings {
        heartbeat: Duration::from_secs(10),
        patience: Duration::from_secs(60),
        install_key: Secret::new(KEY),
        software: "test".into(),
    }
}

pub(crate) fn epoch(n: u64) -> Epoch {
    Epoch::new(n)
}

/// A replica with one snapshot.
pub(crate) fn releases(at: u64, snapshot: &Arc<Snapshot>) -> Releases {
    let mut releases = Releases::default();
    assert!(releases.publish(epoch(at), snapshot.clone()));
    releases
}

/// Both sides with nothing between them; builds take no time.
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) server: Server,
    pub(crate) client: Client,
    /// What the server did.
    pub(crate) log: Vec<ServerEvent>,
}

impl Pair {
    pub(crate) fn connect(now: Instant, mut client: Client, releases: &Releases) -> Self {
        let hello = hello(&mut client, now);
        let (server, events) = Server::accept(now, hello, settings(), releases).unwrap();
        let mut pair = Self {
            now,
            server,
            client,
            log: Vec::new(),
        };
        pair.carry(events, releases);
        pair
    }

    /// Until nobody has anything to say.
    pub(crate) fn carry(&mut self, events: Vec<ServerEvent>, releases: &Releases) {
        let mut events: std::collections::VecDeque<_> = events.into();
        while let Some(event) = events.pop_front() {
            self.log.push(event.clone());
            for message in event.into_messages() {
                for ack in deliver(&mut self.client, self.now, message) {
                    events.extend(self.server.receive(self.now, ack, releases));
                }
            }
        }
    }

    pub(crate) fn step(&mut self, after: u64, releases: &Releases) {
        self.now += Duration::from_secs(after);
        let events = self.server.step(self.now, releases);
        self.carry(events, releases);
    }

    /// Whether the pushes were whole.
    pub(crate) fn pushes(&self) -> Vec<bool> {
        let pushes = self.log.iter().filter_map(|e| match e {
            ServerEvent::Push(update) => Some(update.from.is_none()),
            _ => None,
        });
        pushes.collect()
    }
}

pub(crate) fn hello(client: &mut Client, now: Instant) -> Hello {
    match client.connect(now).remove(0) {
        ClientEvent::Send(ToServer::Hello(hello)) => hello,
        other => panic!("{other:?} is no hello"),
    }
}

/// Gives a message to a client that builds at once; what it answers.
pub(crate) fn deliver(client: &mut Client, now: Instant, message: ToClient) -> Vec<ToServer> {
    let mut events = client.receive(now, message);
    let mut answers = Vec::new();
    while !events.is_empty() {
        match events.remove(0) {
            ClientEvent::Build(_) => events.extend(client.built(now, Ok(()))),
            ClientEvent::Send(message) => answers.push(message),
            _ => {}
        }
    }
    answers
}
