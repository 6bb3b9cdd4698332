//! One data plane, as it is driven, and its stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message;
use sluice_session::codec::{Epoch, Leader, Report, ToClient, ToServer, Vitals};
use sluice_session::wire;
use sluice_session::{Client, ClientEvent, Reporter, ReporterEvent, ServerEvent, Standing};
use sluice_snapshot::Snapshot;

use crate::support::*;

/// Field 1000 of a message, as a newer peer might send it.
pub(crate) const FROM_THE_FUTURE: [u8; 4] = [0xc2, 0x3e, 0x01, b'x'];

/// Bytes under way.
pub(crate) struct Wire {
    pub(crate) stream: u64,
    pub(crate) replica: usize,
    pub(crate) up: VecDeque<Vec<u8>>,
    pub(crate) down: VecDeque<Vec<u8>>,
}

pub(crate) struct Node {
    pub(crate) number: usize,
    pub(crate) client: Client,
    pub(crate) reporter: Reporter,
    pub(crate) wire: Option<Wire>,
    pub(crate) connect_at: Instant,
    building: bool,
    /// Where reports go, when that stream is open.
    pub(crate) reports_to: Option<usize>,
    is_opening: bool,
    pub(crate) outbox: Vec<Report>,
    pub(crate) installed: Vec<(Arc<Snapshot>, Epoch)>,
}

impl Node {
    pub(crate) fn new(number: usize, now: Instant, incarnation: u64) -> Self {
        // The last one is older than the operators: it doesn't know the newest policy.
        let policies: &[&str] = if number == 2 {
            &["timeouts"]
        } else {
            &["timeouts", "magic"]
        };
        let identity = mk_identity(number, policies);
        Self {
            number,
            client: Client::new(identity.clone()),
            reporter: Reporter::new(now, identity, incarnation),
            wire: None,
            connect_at: now,
            building: false,
            reports_to: None,
            is_opening: false,
            outbox: Vec::new(),
            installed: Vec::new(),
        }
    }

    pub(crate) fn connect(&mut self, now: Instant, stream: u64, replica: usize) {
        self.wire = Some(Wire {
            stream,
            replica,
            up: VecDeque::new(),
            down: VecDeque::new(),
        });
        let events = self.client.connect(now);
        self.carry(now, events);
    }

    pub(crate) fn broken(&mut self, now: Instant) {
        self.wire = None;
        self.connect_at = now + Duration::from_secs(2);
        self.client.disconnect();
    }

    /// Takes what the server sends, small and with fields of a newer peer.
    pub(crate) fn enqueue(&mut self, events: Vec<ServerEvent>) {
        let Some(wire) = &mut self.wire else { return };
        for event in events {
            let messages: Vec<_> = match event {
                ServerEvent::Push(update) => update.into_parts_of(90).map(ToClient::Part).collect(),
                event => event.into_messages().collect(),
            };
            wire.down.extend(messages.into_iter().map(|message| {
                let mut bytes = message.encode().encode_to_vec();
                bytes.extend(FROM_THE_FUTURE);
                bytes
            }));
        }
    }

    pub(crate) fn receive(&mut self, now: Instant) -> bool {
        let Some(bytes) = self.wire.as_mut().and_then(|w| w.down.pop_front()) else {
            return false;
        };
        let message = wire::FollowResponse::decode(bytes.as_slice()).unwrap();
        let events = self
            .client
            .receive(now, ToClient::decode(message).unwrap().unwrap());
        self.carry(now, events);
        true
    }

    pub(crate) fn send(&mut self) -> Option<ToServer> {
        let bytes = self.wire.as_mut()?.up.pop_front()?;
        ToServer::decode(wire::FollowRequest::decode(bytes.as_slice()).unwrap()).unwrap()
    }

    pub(crate) fn build(&mut self, now: Instant) {
        if std::mem::take(&mut self.building) {
            let events = self.client.built(now, Ok(()));
            self.carry(now, events);
        }
    }

    pub(crate) fn step(&mut self, now: Instant) {
        let events = self.client.step(now);
        self.carry(now, events);
        let standing = Standing::of(&self.client, Vitals::default());
        let events = self.reporter.update(now, standing);
        self.carry_reports(events);
        let events = self.reporter.step(now);
        self.carry_reports(events);
    }

    pub(crate) fn lead(&mut self, now: Instant, leader: Leader) {
        let events = self.reporter.lead(now, leader);
        self.carry_reports(events);
    }

    /// The leader took the stream that was asked for.
    pub(crate) fn reports_open(&mut self, now: Instant) {
        if std::mem::take(&mut self.is_opening) {
            let events = self.reporter.connected(now);
            self.carry_reports(events);
        }
    }

    fn carry(&mut self, now: Instant, events: Vec<ClientEvent>) {
        for event in events {
            match event {
                ClientEvent::Send(message) => {
                    if let Some(wire) = &mut self.wire {
                        wire.up.push_back(message.encode().encode_to_vec());
                    }
                }
                ClientEvent::Build(_) => {
                    assert!(!self.building, "one table at a time");
                    self.building = true;
                }
                ClientEvent::Install(snapshot) => {
                    self.installed.push((snapshot, self.client.epoch()))
                }
                ClientEvent::Leader(leader) => self.lead(now, leader),
                ClientEvent::Reconnect(_) => self.broken(now),
            }
        }
    }

    fn carry_reports(&mut self, events: Vec<ReporterEvent>) {
        for event in events {
            match event {
                ReporterEvent::Connect(address) => {
                    (self.reports_to, self.is_opening) = (Some(address.parse().unwrap()), true);
                }
                ReporterEvent::Disconnect => self.reports_to = None,
                ReporterEvent::Send(report) => {
                    let bytes = report.encode().encode_to_vec();
                    let report = wire::ReportRequest::decode(bytes.as_slice()).unwrap();
                    self.outbox.push(report.try_into().unwrap());
                }
            }
        }
    }
}
