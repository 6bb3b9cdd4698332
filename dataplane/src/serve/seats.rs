//! The connections that the process may have at once. When all are taken, one that carries no request yields to the next.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::party::Who;

/// Who waits for a seat asks so often whether another could yield.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// All seats.
#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    /// The oldest first.
    all: BTreeMap<u64, Arc<Sitting>>,
}

#[derive(Debug)]
struct Sitting {
    who: Who,
    /// Requests that have not been answered to their end.
    requests: AtomicUsize,
    is_out: AtomicBool,
    out: Notify,
}

/// A seat, for as long as this lives.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    id: u64,
    sitting: Arc<Sitting>,
    _slot: OwnedSemaphorePermit,
}

/// A request, until its answer has been taken or given up.
#[derive(Debug)]
pub(super) struct Busy(Arc<Sitting>);

impl Seats {
    /// So many.
    pub(super) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(count)),
            taken: Mutex::default(),
        })
    }

    /// Waits for a seat. `None` when there won't be one any more.
    pub(super) async fn take(self: &Arc<Self>, who: Who) -> Option<Seat> {
        let slot = loop {
            match self.free.clone().try_acquire_owned() {
                Ok(slot) => break slot,
                Err(tokio::sync::TryAcquireError::Closed) => return None,
                Err(tokio::sync::TryAcquireError::NoPermits) => {}
            }
            self.ask_one_to_yield();
            let waiting = self.free.clone().acquire_owned();
            match tokio::time::timeout(ASK_EVERY, waiting).await {
                Ok(Ok(slot)) => break slot,
                Ok(Err(_)) => return None,
                Err(_) => {}
            }
        };
        let sitting = Arc::new(Sitting {
            who,
            requests: AtomicUsize::new(0),
            is_out: AtomicBool::new(false),
            out: Notify::new(),
        });
        let mut taken = self.lock();
        let id = taken.next;
        taken.next += 1;
        taken.all.insert(id, sitting.clone());
        drop(taken);
        Some(Seat {
            seats: self.clone(),
            id,
            sitting,
            _slot: slot,
        })
    }

    /// No seat is given any more.
    #[cfg(test)]
    pub(super) fn close(&self) {
        self.free.close();
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask_one_to_yield(&self) {
        let taken = self.lock();
        let idle = taken.all.iter().filter(|(_, sitting)| {
            sitting.requests.load(Ordering::Acquire) == 0 && !sitting.is_out.load(Ordering::Relaxed)
        });
        let candidates: Vec<_> = idle.map(|(id, sitting)| (*id, &sitting.who)).collect();
        if let Some(sitting) = victim(&candidates).and_then(|id| taken.all.get(&id)) {
            sitting.is_out.store(true, Ordering::Relaxed);
            sitting.out.notify_one();
        }
    }
}

/// Of the idle ones, the oldest first: the oldest of who has the most.
fn victim(idle: &[(u64, &Who)]) -> Option<u64> {
    let mut counts: HashMap<&Who, usize> = HashMap::new();
    for (_, who) in idle {
        *counts.entry(who).or_default() += 1;
    }
    let most = counts.values().max()?;
    let oldest = idle.iter().find(|(_, who)| counts.get(who) == Some(most))?;
    Some(oldest.0)
}

impl Seat {
    /// A request begins.
    pub(super) fn busy(&self) -> Busy {
        self.sitting.requests.fetch_add(1, Ordering::AcqRel);
        Busy(self.sitting.clone())
    }

    /// Waits until another needs the seat, and nothing was going on here.
    pub(super) async fn yielded(&self) {
        self.sitting.out.notified().await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().all.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk(last: u8) -> Who {
        Who::at([10, 0, 0, last].into())
    }

    #[test]
    fn the_oldest_of_who_has_the_most_yields() {
        let (a, b) = (mk(1), mk(2));
        assert_eq!(victim(&[(1, &a), (2, &b), (3, &b)]), Some(2));
        assert_eq!(victim(&[(1, &a), (2, &b)]), Some(1));
        assert_eq!(victim(&[]), None);
    }

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    async fn a_connection_without_a_request_yields_and_one_with_doesn_t() {
        let seats = Seats::new(2);
        let working = seats.take(mk(1)).await.unwrap();
        let busy = working.busy();
        let idle = seats.take(mk(1)).await.unwrap();
        let leaving = tokio::spawn(async move {
            idle.yielded().await;
            drop(idle);
        });
        let third = seats.take(mk(2)).await.unwrap();
        leaving.await.unwrap();
        drop(third);
        let _other = seats.take(mk(2)).await.unwrap();
        let mut yielded = Box::pin(working.yielded());
        assert!(futures_util::FutureExt::now_or_never(&mut yielded).is_none());
        drop(busy);
        let mut next = Box::pin(seats.take(mk(3)));
        assert!(futures_util::FutureExt::now_or_never(&mut next).is_none());
        yielded.await;
    }
}
