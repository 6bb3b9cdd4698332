//! One replica of the operator, as it is driven.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_session::codec::{Epoch, Leader, Report, ToServer};
use sluice_session::{Ledger, Releases, Server, ServerEvent};
use sluice_snapshot::Snapshot;

use crate::support::*;

pub(crate) struct Replica {
    pub(crate) releases: Releases,
    pub(crate) ledger: Ledger,
    /// By the stream's number.
    servers: BTreeMap<u64, Session>,
}

struct Session {
    server: Server,
    /// Of this session's version, when it holds policies that the data plane doesn't know.
    told: Option<usize>,
}

/// What the world has to carry out.
pub(crate) enum Effect {
    Send(Vec<ServerEvent>),
    Behind(Epoch),
    Close,
}

impl Replica {
    pub(crate) fn new() -> Self {
        Self {
            releases: Releases::default(),
            ledger: Ledger::default(),
            servers: BTreeMap::new(),
        }
    }

    /// Says whether the lease's epoch is one that can go on from what is here.
    pub(crate) fn read(&mut self, leader: &Leader, truth: &Arc<Snapshot>) -> bool {
        self.releases.publish(leader.epoch, truth.clone()) && {
            self.releases.lead(leader.clone());
            true
        }
    }

    pub(crate) fn accept(&mut self, stream: u64, now: Instant, message: ToServer) -> Vec<Effect> {
        let events = match (self.servers.get_mut(&stream), message) {
            (Some(session), message) => session.server.receive(now, message, &self.releases),
            (None, ToServer::Hello(hello)) => {
                let Ok((server, events)) = Server::accept(now, hello, settings(), &self.releases)
                else {
                    return vec![Effect::Close];
                };
                self.servers.insert(stream, Session { server, told: None });
                events
            }
            // The hello was lost: no gRPC server would go on.
            (None, ToServer::Ack(_)) => return vec![Effect::Close],
        };
        self.judge(stream, events)
    }

    pub(crate) fn step(&mut self, stream: u64, now: Instant) -> Vec<Effect> {
        let Some(session) = self.servers.get_mut(&stream) else {
            return Vec::new();
        };
        let events = session.server.step(now, &self.releases);
        self.judge(stream, events)
    }

    pub(crate) fn forget(&mut self, stream: u64) {
        self.servers.remove(&stream);
    }

    pub(crate) fn report(&mut self, now: Instant, report: Report) {
        self.ledger.accept(now, report);
        self.ledger.expire(now, Duration::from_secs(45));
    }

    /// Nothing that a data plane can't run is pushed before that was said.
    fn judge(&mut self, stream: u64, events: Vec<ServerEvent>) -> Vec<Effect> {
        let Some(session) = self.servers.get_mut(&stream) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        let mut messages = Vec::new();
        for event in events {
            match event {
                ServerEvent::Unknown(unknown) => session.told = Some(unknown.len()),
                ServerEvent::Behind(epoch) => effects.push(Effect::Behind(epoch)),
                ServerEvent::Close(_) => effects.push(Effect::Close),
                ServerEvent::Push(_) => {
                    let known = &session.server.identity().policies;
                    let unknown = self.releases.current().unwrap().unknown_to(known).len();
                    assert!(
                        unknown == 0 || session.told == Some(unknown),
                        "pushed before it was judged"
                    );
                    messages.push(event);
                }
                event => messages.push(event),
            }
        }
        effects.insert(0, Effect::Send(messages));
        effects
    }
}
