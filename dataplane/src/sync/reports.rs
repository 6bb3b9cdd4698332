//! The stream to the leader, driven.

use std::time::Instant;

use sluice_session::codec::{Epoch, Identity, Leader};
use sluice_session::{Reporter, ReporterEvent, Standing};

use super::Address;
use super::stream::{Event, Opener, Report};

/// Who is told how this data plane fares.
pub(super) struct Reports {
    opener: Opener,
    reporter: Reporter,
    stream: Option<Report>,
    renew: Option<Instant>,
}

impl Reports {
    pub(super) fn new(now: Instant, opener: Opener, identity: Identity, incarnation: u64) -> Self {
        let reporter = Reporter::new(now, identity, incarnation);
        Self {
            opener,
            reporter,
            stream: None,
            renew: None,
        }
    }

    /// What becomes of the stream; without one, nothing ever.
    pub(super) async fn next(&mut self) -> Event<Leader> {
        match &mut self.stream {
            Some(stream) => stream.next().await,
            None => std::future::pending().await,
        }
    }

    /// Takes what [`Self::next`] gave. Returns an epoch that was heard of.
    pub(super) fn take(&mut self, now: Instant, event: Event<Leader>) -> Option<Epoch> {
        match event {
            Event::Open(opened) => {
                self.renew = opened.renew;
                tracing::debug!(leader = opened.peer.to_string(), "reporting");
                let events = self.reporter.connected(now);
                self.act(now, events);
                None
            }
            Event::Message(leader) => {
                tracing::info!(leader = leader.address, "another operator leads");
                let epoch = leader.epoch;
                self.close(now);
                self.lead(now, leader);
                Some(epoch)
            }
            Event::Ended(reason) => {
                tracing::info!(reason, "the leader takes no reports");
                self.close(now);
                None
            }
        }
    }

    pub(super) fn lead(&mut self, now: Instant, leader: Leader) {
        let events = self.reporter.lead(now, leader);
        self.act(now, events);
    }

    /// The newest that there is to tell.
    pub(super) fn update(&mut self, now: Instant, standing: Standing) {
        let events = self.reporter.update(now, standing);
        self.act(now, events);
    }

    pub(super) fn wake(&self) -> Option<Instant> {
        [self.reporter.wake(), self.renew]
            .into_iter()
            .flatten()
            .min()
    }

    /// Call it at [`Self::wake`].
    pub(super) fn step(&mut self, now: Instant) {
        if self.renew.is_some_and(|at| at <= now) {
            self.close(now);
        }
        let events = self.reporter.step(now);
        self.act(now, events);
    }

    fn close(&mut self, now: Instant) {
        self.forget();
        self.reporter.disconnected(now);
    }

    fn forget(&mut self) {
        (self.stream, self.renew) = (None, None);
    }

    fn act(&mut self, now: Instant, events: Vec<ReporterEvent>) {
        for event in events {
            match event {
                ReporterEvent::Connect(address) => match address.parse::<Address>() {
                    Ok(address) => self.stream = Some(self.opener.report(address)),
                    Err(error) => {
                        tracing::warn!(leader = address, "the leader's address is none: {error}");
                        self.close(now);
                    }
                },
                ReporterEvent::Disconnect => self.forget(),
                ReporterEvent::Send(report) => {
                    if !self
                        .stream
                        .as_ref()
                        .is_some_and(|stream| stream.send(report.encode()))
                    {
                        tracing::info!("the leader does not read its reports");
                        self.close(now);
                    }
                }
            }
        }
    }
}
