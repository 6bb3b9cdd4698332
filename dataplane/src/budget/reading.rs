//! Bodies on their way in. When memory is short, one of them yields.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::party::Party;

/// A body of which nothing came for so long yields to whoever waits for memory.
const STALLED: Duration = Duration::from_secs(2);

/// All bodies of the process that have begun to come, and have not ended.
#[derive(Debug, Default)]
pub(super) struct Readings(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    all: BTreeMap<u64, Arc<State>>,
}

#[derive(Debug)]
struct State {
    party: Arc<Party>,
    held: AtomicUsize,
    /// When something came last.
    last: Mutex<Instant>,
    is_out: AtomicBool,
    out: Notify,
}

/// A body on its way in, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Reading {
    budget: Arc<super::Budget>,
    id: u64,
    state: Arc<State>,
}

/// One of the bodies, as it stands.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    id: u64,
    /// What its party holds in all.
    party: usize,
    /// What it holds itself.
    held: usize,
    is_stalled: bool,
}

impl Readings {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks one to yield to somebody who would then hold `wanted` bytes, if that is fair.
    pub(super) fn yield_to(&self, wanted: usize) {
        let now = Instant::now();
        let inner = self.lock();
        let candidates = inner.all.iter().filter_map(|(id, state)| {
            let held = state.held.load(Ordering::Relaxed);
            let last = *state.last.lock().unwrap_or_else(PoisonError::into_inner);
            (held > 0 && !state.is_out.load(Ordering::Relaxed)).then(|| Candidate {
                id: *id,
                party: state.party.held(),
                held,
                is_stalled: now.saturating_duration_since(last) >= STALLED,
            })
        });
        let out = victim(candidates, wanted).and_then(|id| inner.all.get(&id));
        if let Some(state) = out {
            state.is_out.store(true, Ordering::Relaxed);
            state.out.notify_one();
        }
    }
}

/// The longest body of the party that holds the most, if that is more than whoever waits would hold; else the longest that has stalled.
fn victim(candidates: impl Iterator<Item = Candidate> + Clone, wanted: usize) -> Option<u64> {
    let most = candidates
        .clone()
        .filter(|one| one.party > wanted)
        .max_by_key(|one| (one.party, one.held));
    let stalled = || {
        candidates
            .filter(|one| one.is_stalled)
            .max_by_key(|one| one.held)
    };
    most.or_else(stalled).map(|one| one.id)
}

impl Reading {
    pub(super) fn new(budget: &Arc<super::Budget>, party: &Arc<Party>, held: usize) -> Self {
        let state = Arc::new(State {
            party: party.clone(),
            held: AtomicUsize::new(held),
            last: Mutex::new(Instant::now()),
            is_out: AtomicBool::new(false),
            out: Notify::new(),
        });
        let mut inner = budget.readings.lock();
        let id = inner.next;
        inner.next += 1;
        inner.all.insert(id, state.clone());
        drop(inner);
        Self {
            budget: budget.clone(),
            id,
            state,
        }
    }

    /// Something of it came, and it holds so much now.
    pub(crate) fn came(&self, held: usize) {
        self.state.held.store(held, Ordering::Relaxed);
        let mut last = self
            .state
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Instant::now();
    }

    /// Waits until others need its memory more.
    pub(crate) async fn yielded(&self) {
        self.state.out.notified().await;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.budget.readings.lock().all.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn mk(id: u64, party: usize, held: usize, is_stalled: bool) -> Candidate {
        Candidate {
            id,
            party,
            held,
            is_stalled,
        }
    }

    #[test]
    fn who_holds_the_most_yields_the_longest_of_its_bodies() {
        let all = [
            mk(1, 50, 50, false),
            mk(2, 90, 30, false),
            mk(3, 90, 60, false),
        ];
        assert_eq!(victim(all.into_iter(), 10), Some(3));
        assert_eq!(victim(all.into_iter(), 89), Some(3));
    }

    #[test]
    fn nobody_yields_to_who_would_hold_more_unless_it_has_stalled() {
        let all = [
            mk(1, 50, 20, true),
            mk(2, 50, 30, true),
            mk(3, 90, 90, false),
        ];
        assert_eq!(victim(all.into_iter(), 90), Some(2));
        assert_eq!(victim(all[2..].iter().copied(), 90), None);
    }
}
