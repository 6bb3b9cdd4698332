//! What to do about a Lease, as a function of what was seen of it and when.
//!
//! Like client-go's: how long another holder is to be trusted is counted on the own clock, from when its last renewal was seen, so
//! that clocks need not agree.

use std::fmt;
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::LeaseSpec;

/// Another replica takes the Lease when it wasn't renewed for so long.
pub(super) const DURATION: Duration = Duration::from_secs(15);
/// Whoever could not renew for so long stops leading, before another may begin.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// So much the epoch rises at once on the word of a data plane. A restored etcd is soon caught up with; one that lies can't use up the
/// numbers, after which every other would refuse all updates.
const STEP: u64 = 64;

/// Who holds a Lease: `<address>_<pod>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) address: String,
    pub(super) name: String,
}

impl Holder {
    pub(super) fn parse(identity: &str) -> Option<Self> {
        let (address, name) = identity.split_once('_')?;
        Some(Self {
            address: address.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.address, self.name)
    }
}

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// It is free: take it.
    Take { transitions: u64 },
    /// It is ours: say that we live.
    Renew { transitions: u64 },
}

impl Action {
    pub(super) const fn transitions(&self) -> u64 {
        match self {
            Action::Take { transitions } | Action::Renew { transitions } => *transitions,
        }
    }
}

/// A Lease as it was seen.
#[derive(Debug, Default)]
pub(super) struct Observed {
    spec: Option<LeaseSpec>,
    /// When this renewal was first seen.
    since: Option<Instant>,
    /// When the API server was last asked, successfully.
    heard: Option<Instant>,
    transitions: u64,
}

impl Observed {
    /// `asked` is before the question was sent: what came is at least as new.
    pub(super) fn see(&mut self, asked: Instant, spec: Option<&LeaseSpec>) {
        self.heard = Some(asked);
        if self.since.is_none() || self.spec.as_ref() != spec {
            (self.spec, self.since) = (spec.cloned(), Some(asked));
        }
        let transitions = spec
            .and_then(|s| s.lease_transitions)
            .and_then(|t| u64::try_from(t).ok());
        // A Lease that was deleted begins anew; the epoch doesn't.
        self.transitions = self.transitions.max(transitions.unwrap_or(0));
    }

    pub(super) fn transitions(&self) -> u64 {
        self.transitions
    }

    pub(super) fn heard(&self) -> Option<Instant> {
        self.heard
    }

    pub(super) fn holder(&self) -> Option<Holder> {
        self.spec
            .as_ref()?
            .holder_identity
            .as_deref()
            .and_then(Holder::parse)
    }

    /// If it is ours: until when, counted from before its last renewal was sent.
    pub(super) fn held_until(&self, me: &Holder) -> Option<Instant> {
        let since = self.since.filter(|_| self.holder().as_ref() == Some(me))?;
        Some(since + DEADLINE)
    }

    /// What to write, if anything.
    pub(super) fn action(&self, me: &Holder, now: Instant, raise: u64) -> Option<Action> {
        // Data planes that saw a higher epoch than ours take nothing from us: an older etcd was restored.
        let is_behind = raise > self.transitions;
        let highest = raise.clamp(self.transitions, self.transitions.saturating_add(STEP));
        let next = highest.saturating_add(1);
        let is_fresh = self.since.is_some_and(|since| now < since + DURATION);
        match self.holder() {
            Some(holder) if holder == *me && is_behind => Some(Action::Take { transitions: next }),
            Some(holder) if holder == *me && self.spec_transitions() == Some(self.transitions) => {
                Some(Action::Renew {
                    transitions: self.transitions,
                })
            }
            Some(holder) if holder != *me && is_fresh => None,
            _ => Some(Action::Take { transitions: next }),
        }
    }

    fn spec_transitions(&self) -> Option<u64> {
        self.spec
            .as_ref()?
            .lease_transitions
            .and_then(|t| u64::try_from(t).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_me() -> Holder {
        Holder {
            address: "10.0.0.1:18000".into(),
            name: "a".into(),
        }
    }

    fn mk(holder: Option<&str>, renewal: i64, transitions: i32) -> LeaseSpec {
        let renewed = jiff::Timestamp::from_second(renewal).unwrap();
        LeaseSpec {
            holder_identity: holder.map(str::to_owned),
            renew_time: Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime(
                renewed,
            )),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_free_lease_is_taken_with_a_new_epoch() {
        let now = Instant::now();
        let mut seen = Observed::default();
        seen.see(now, None);
        assert_eq!(
            seen.action(&mk_me(), now, 0),
            Some(Action::Take { transitions: 1 })
        );
        seen.see(now, Some(&mk(None, 0, 7)));
        assert_eq!(
            seen.action(&mk_me(), now, 0),
            Some(Action::Take { transitions: 8 })
        );
    }

    #[test]
    fn another_holder_is_trusted_while_its_renewals_are_seen() {
        let now = Instant::now();
        let mut seen = Observed::default();
        seen.see(now, Some(&mk(Some("10.0.0.2:1_b"), 1, 3)));
        assert_eq!(seen.action(&mk_me(), now + S * 14, 0), None);
        seen.see(now + S * 14, Some(&mk(Some("10.0.0.2:1_b"), 2, 3)));
        assert_eq!(seen.action(&mk_me(), now + S * 28, 0), None);
        // The same renewal again is no sign of life.
        seen.see(now + S * 28, Some(&mk(Some("10.0.0.2:1_b"), 2, 3)));
        assert_eq!(
            seen.action(&mk_me(), now + S * 29, 0),
            Some(Action::Take { transitions: 4 })
        );
        assert_eq!(seen.holder().unwrap().address, "10.0.0.2:1");
    }

    #[test]
    fn who_cannot_renew_stops_leading_before_another_begins() {
        let now = Instant::now();
        let mut seen = Observed::default();
        let me = mk_me();
        seen.see(now, Some(&mk(Some(&me.to_string()), 1, 3)));
        assert_eq!(
            seen.action(&me, now, 0),
            Some(Action::Renew { transitions: 3 })
        );
        assert_eq!(seen.held_until(&me), Some(now + DEADLINE));
        const { assert!(DEADLINE.as_secs() < DURATION.as_secs()) };
    }

    #[test]
    fn the_epoch_never_falls() {
        let now = Instant::now();
        let mut seen = Observed::default();
        let me = mk_me();
        seen.see(now, Some(&mk(Some(&me.to_string()), 1, 9)));
        // Somebody deleted the Lease, or an old backup is back.
        seen.see(now, None);
        assert_eq!(
            seen.action(&me, now, 0),
            Some(Action::Take { transitions: 10 })
        );
        seen.see(now, Some(&mk(Some(&me.to_string()), 1, 2)));
        assert_eq!(
            seen.action(&me, now, 0),
            Some(Action::Take { transitions: 10 })
        );
        assert_eq!(
            seen.action(&me, now, 40),
            Some(Action::Take { transitions: 41 })
        );
        let step_by_step = Some(Action::Take {
            transitions: 9 + STEP + 1,
        });
        assert_eq!(
            seen.action(&me, now, u64::MAX),
            step_by_step,
            "nobody's word makes it jump"
        );
    }
}
