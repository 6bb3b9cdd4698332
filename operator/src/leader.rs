//! Which replica leads: it alone writes to the cluster, and is told how data planes fare.
//!
//! A Lease, taken and renewed with the resource version as precondition, so that holder and epoch change in one write. The epoch is
//! the Lease's count of transitions: data planes take nothing from a lower one.

mod lease;

use std::time::{Duration, Instant};

use crate::brief::brief;
use crate::clock;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, PostParams};
use sluice_session::codec::{Epoch, Leader};
use tokio::sync::watch;

use lease::{Action, Holder, Observed};

/// The Lease's name.
pub const LEASE: &str = "sluice-operator";
/// How often the Lease is looked at and renewed.
const PERIOD: Duration = Duration::from_secs(2);
/// Whoever could not renew the Lease for so long stops leading.
pub const RENEW_DEADLINE: Duration = lease::DEADLINE;
/// Without the API server for so long, a replica says nothing more to data planes: it may be behind.
pub const CUT_OFF: Duration = Duration::from_secs(15);

/// Who leads, as far as this replica knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leadership {
    /// The highest epoch seen.
    pub epoch: Epoch,
    /// Where the leader is reached; empty when there is none.
    pub address: String,
    /// While it is this replica: when it stops, unless the Lease is renewed before.
    pub mine_until: Option<Instant>,
    /// When the API server last answered.
    pub heard: Instant,
}

impl Leadership {
    /// Whether it is this replica, at this moment.
    pub fn is_me(&self) -> bool {
        self.mine_until.is_some_and(|until| clock::now() < until)
    }

    /// As data planes are told.
    pub fn leader(&self) -> Leader {
        Leader {
            address: self.address.clone(),
            epoch: self.epoch,
        }
    }
}

/// Nobody leads yet.
pub fn channel() -> (watch::Sender<Leadership>, watch::Receiver<Leadership>) {
    watch::channel(Leadership {
        epoch: Epoch::default(),
        address: String::new(),
        mine_until: None,
        heard: clock::now(),
    })
}

/// A replica that would lead.
#[derive(Debug)]
pub struct Candidate {
    api: Api<Lease>,
    me: Holder,
    observed: Observed,
}

impl Candidate {
    /// `address` is where data planes reach this replica; `name` is its pod's.
    pub fn new(client: Client, namespace: &str, name: &str, address: &str) -> Self {
        let me = Holder {
            address: address.to_owned(),
            name: name.to_owned(),
        };
        Self {
            api: Api::namespaced(client, namespace),
            me,
            observed: Observed::default(),
        }
    }

    /// Looks at the Lease every few seconds, takes it when it is free, renews it when it is ours. `raise` is the highest epoch that
    /// a data plane has seen: ours has to be above another's.
    pub async fn run(
        mut self,
        leadership: watch::Sender<Leadership>,
        raise: watch::Receiver<Epoch>,
    ) -> std::convert::Infallible {
        loop {
            let highest = *raise.borrow();
            let outcome = tokio::time::timeout(PERIOD * 2, self.turn(highest)).await;
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(kube::Error::Api(status))) if status.code == 409 => continue,
                Ok(Err(error)) => {
                    tracing::warn!(error = brief(&error), "the Lease can't be read or written")
                }
                Err(_) => tracing::warn!("the API server doesn't answer about the Lease"),
            }
            self.tell(&leadership);
            tokio::time::sleep(PERIOD).await;
        }
    }

    fn tell(&self, leadership: &watch::Sender<Leadership>) {
        let now = clock::now();
        let next = Leadership {
            epoch: Epoch::new(self.observed.transitions()),
            address: self
                .observed
                .holder()
                .map(|h| h.address)
                .unwrap_or_default(),
            mine_until: self.observed.held_until(&self.me),
            heard: self.observed.heard().unwrap_or(now),
        };
        let before = leadership.borrow().clone();
        let is_me = next.is_me();
        // One that ran out is no longer ours by now, though it was when it was told.
        let was_me = before.mine_until.is_some();
        if (before.epoch, was_me) != (next.epoch, is_me) {
            tracing::info!(
                epoch = next.epoch.get(),
                leader = next.address,
                is_me,
                "leadership"
            );
        }
        leadership.send_replace(next);
    }

    async fn turn(&mut self, raise: Epoch) -> kube::Result<()> {
        let asked = clock::now();
        let lease = self.api.get_opt(LEASE).await?;
        self.observed
            .see(asked, lease.as_ref().and_then(|l| l.spec.as_ref()));
        let Some(action) = self.observed.action(&self.me, clock::now(), raise.get()) else {
            return Ok(());
        };
        let spec = self.spec(&action, lease.as_ref());
        let written = match lease {
            None => {
                let metadata = ObjectMeta {
                    name: Some(LEASE.to_owned()),
                    ..ObjectMeta::default()
                };
                let lease = Lease {
                    metadata,
                    spec: Some(spec),
                };
                self.api.create(&PostParams::default(), &lease).await?
            }
            Some(mut lease) => {
                lease.spec = Some(spec);
                self.api
                    .replace(LEASE, &PostParams::default(), &lease)
                    .await?
            }
        };
        self.observed.see(asked, written.spec.as_ref());
        Ok(())
    }

    fn spec(&self, action: &Action, lease: Option<&Lease>) -> LeaseSpec {
        let now = MicroTime(jiff::Timestamp::now());
        let before = lease.and_then(|l| l.spec.clone()).unwrap_or_default();
        let acquired = match action {
            Action::Take { .. } => Some(now.clone()),
            Action::Renew { .. } => before.acquire_time,
        };
        LeaseSpec {
            holder_identity: Some(self.me.to_string()),
            lease_duration_seconds: i32::try_from(lease::DURATION.as_secs()).ok(),
            acquire_time: acquired,
            renew_time: Some(now),
            lease_transitions: i32::try_from(action.transitions()).ok(),
            ..LeaseSpec::default()
        }
    }
}

/// Gives the Lease up, so that another replica need not wait.
pub async fn release(client: Client, namespace: &str, name: &str) -> kube::Result<()> {
    let api: Api<Lease> = Api::namespaced(client, namespace);
    let Some(mut lease) = api.get_opt(LEASE).await? else {
        return Ok(());
    };
    let Some(spec) = &mut lease.spec else {
        return Ok(());
    };
    let is_mine = spec
        .holder_identity
        .as_deref()
        .and_then(Holder::parse)
        .is_some_and(|h| h.name == name);
    if is_mine {
        spec.holder_identity = None;
        spec.renew_time = None;
        api.replace(LEASE, &PostParams::default(), &lease).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
