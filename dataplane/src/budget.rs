//! Memory for bodies in the whole process: for requests that are read, for what is made of them, and for whatever is held of answers.
//!
//! It is shared fairly: a part is kept for who holds little, and a body that is still on its way in yields to others who hold less.

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::party::Party;
pub(crate) use reading::Reading;
use reading::Readings;

/// One part in so many is kept for parties that hold little.
const KEPT: usize = 4;
/// Who holds no more than one part in so many holds little.
const LITTLE: usize = 16;
/// Who waits looks so often whether somebody should yield.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a body waits for others to end before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of bodies that may be held at once.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    freed: Notify,
    readings: Readings,
}

/// Part of a budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    party: Arc<Party>,
    bytes: usize,
}

impl Budget {
    /// With so many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            freed: Notify::new(),
            readings: Readings::default(),
        }
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The most bytes that were ever held at once.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// What a single party can have at most of so many bytes, so that a longer body can never be held.
    pub fn usable(limit: usize) -> usize {
        limit - limit / KEPT
    }

    fn try_take(&self, party: &Party, bytes: usize) -> bool {
        let holds_little = party.held().saturating_add(bytes) <= self.limit / LITTLE;
        let limit = if holds_little {
            self.limit
        } else {
            Self::usable(self.limit)
        };
        let taken = self
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= limit)
            });
        if let Ok(before) = taken {
            party.took(bytes);
            self.peak.fetch_max(before + bytes, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    fn give(&self, party: &Party, bytes: usize) {
        party.gave(bytes);
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        self.freed.notify_waiters();
    }
}

impl Share {
    /// Of nothing yet.
    pub(crate) fn new(budget: &Arc<Budget>, party: &Arc<Party>) -> Self {
        Self {
            budget: budget.clone(),
            party: party.clone(),
            bytes: 0,
        }
    }

    /// Bytes that this share holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there ever can be room for so many bytes.
    pub(crate) fn can_hold(&self, bytes: usize) -> bool {
        bytes <= Budget::usable(self.budget.limit)
    }

    /// Another one of the same party, of nothing yet.
    pub(crate) fn another(&self) -> Self {
        Self::new(&self.budget, &self.party)
    }

    /// Says that what this holds is a body on its way in, which others may need to yield.
    pub(crate) fn reading(&self) -> Reading {
        Reading::new(&self.budget, &self.party, self.bytes)
    }

    /// Grows to `bytes`; waits a little for others to end or yield. False when there is no room; at once when there never will be.
    pub(crate) async fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 || self.take(more) {
            return true;
        }
        if !self.can_hold(bytes) {
            return false;
        }
        let budget = self.budget.clone();
        tokio::time::timeout(PATIENCE, async {
            loop {
                let freed = budget.freed.notified();
                if self.take(more) {
                    return;
                }
                let wanted = self.party.held().saturating_add(more);
                budget.readings.yield_to(wanted);
                let _ = tokio::time::timeout(LOOK_EVERY, freed).await;
            }
        })
        .await
        .is_ok()
    }

    /// Grows to `bytes` at once, or not at all.
    pub(crate) fn try_grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        more == 0 || self.take(more)
    }

    /// Grows or shrinks to `bytes` at once. Shrinking always does.
    pub(crate) fn try_set(&mut self, bytes: usize) -> bool {
        if bytes < self.bytes {
            self.budget.give(&self.party, self.bytes - bytes);
            self.bytes = bytes;
        }
        self.try_grow_to(bytes)
    }

    /// Bytes that hold on to their share of the memory until the last of them has gone, wherever they are until then. `None` when
    /// there is no room for them.
    pub(crate) fn attach(mut self, bytes: Bytes) -> Option<Bytes> {
        self.try_set(bytes.len()).then(|| {
            Bytes::from_owner(Accounted {
                bytes,
                _share: self,
            })
        })
    }

    fn take(&mut self, more: usize) -> bool {
        let taken = self.budget.try_take(&self.party, more);
        if taken {
            self.bytes += more;
        }
        taken
    }
}

/// Bytes with their share of the memory.
struct Accounted {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Accounted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.give(&self.party, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk(limit: usize) -> (Arc<Budget>, Arc<Party>) {
        (Arc::new(Budget::new(limit)), Party::new())
    }

    #[test]
    fn bytes_keep_their_share_until_the_last_slice_of_them_is_gone() {
        let (budget, party) = mk(100);
        let mut share = Share::new(&budget, &party);
        assert!(share.try_set(70) && !share.try_set(76) && share.try_set(60));
        let bytes = share.attach(Bytes::from_static(&[0; 40])).unwrap();
        assert_eq!((budget.used(), party.held()), (40, 40));
        let slice = bytes.slice(39..);
        drop(bytes);
        assert_eq!(budget.used(), 40);
        drop(slice);
        assert_eq!((budget.used(), party.held()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    async fn a_budget_is_never_exceeded_and_comes_back() {
        let (budget, party) = mk(100);
        let (mut a, mut b) = (Share::new(&budget, &party), Share::new(&budget, &party));
        assert!(a.grow_to(70).await);
        assert!(!b.grow_to(30).await);
        let waiting = tokio::spawn(async move { b.grow_to(30).await });
        tokio::task::yield_now().await;
        drop(a);
        assert!(waiting.await.unwrap());
        assert_eq!((budget.used(), budget.peak()), (0, 70));
    }

    #[test]
    fn a_part_is_kept_for_who_holds_little() {
        let (budget, much) = mk(160);
        let mut hog = Share::new(&budget, &much);
        assert!(hog.try_set(120) && !hog.try_set(121));
        let other = Party::new();
        let (mut one, mut two) = (Share::new(&budget, &other), Share::new(&budget, &other));
        assert!(one.try_set(10), "a sixteenth");
        assert!(!two.try_set(1), "it holds little no more");
    }

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    async fn unfinished_bodies_of_one_yield_to_another_who_holds_less() {
        let (budget, hog) = mk(100);
        let mut held = Share::new(&budget, &hog);
        assert!(held.try_set(70));
        let reading = held.reading();
        let unfinished = tokio::spawn(async move {
            reading.yielded().await;
            drop(held);
        });
        let mut share = Share::new(&budget, &Party::new());
        assert!(share.grow_to(60).await);
        unfinished.await.unwrap();
        assert_eq!((budget.used(), hog.held()), (60, 0));
    }

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    async fn a_body_that_has_stalled_yields_even_to_its_own() {
        let (budget, party) = mk(100);
        let mut held = Share::new(&budget, &party);
        assert!(held.try_set(50));
        let reading = held.reading();
        let began = tokio::time::Instant::now();
        let unfinished = tokio::spawn(async move {
            reading.yielded().await;
            drop(held);
        });
        assert!(held_by(&budget, &party, 40).await);
        assert!(began.elapsed() >= Duration::from_secs(2));
        unfinished.await.unwrap();
    }

    async fn held_by(budget: &Arc<Budget>, party: &Arc<Party>, bytes: usize) -> bool {
        Share::new(budget, party).grow_to(bytes).await
    }
}
