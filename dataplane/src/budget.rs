//! Memory for bodies in the whole process: for requests that are read, and for whatever is held of answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

/// How long a body waits for others to end before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of bodies that may be held at once.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    freed: Notify,
}

/// Part of a budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
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

    fn try_take(&self, bytes: usize) -> bool {
        let taken = self
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.limit)
            });
        if let Ok(before) = taken {
            self.peak.fetch_max(before + bytes, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    fn give(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        self.freed.notify_waiters();
    }
}

impl Share {
    /// Of nothing yet.
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            budget: budget.clone(),
            bytes: 0,
        }
    }

    /// Bytes that this share holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Grows to `bytes`; waits a little for others to end. False when there is no room; at once when there never will be.
    pub(crate) async fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 || self.take(more) {
            return true;
        }
        if bytes > self.budget.limit {
            return false;
        }
        let budget = self.budget.clone();
        tokio::time::timeout(PATIENCE, async {
            loop {
                let freed = budget.freed.notified();
                if self.take(more) {
                    return;
                }
                freed.await;
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
            self.budget.give(self.bytes - bytes);
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
        let taken = self.budget.try_take(more);
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
            self.budget.give(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_their_share_until_the_last_slice_of_them_is_gone() {
        let budget = Arc::new(Budget::new(100));
        let mut share = Share::new(&budget);
        assert!(share.try_set(80) && !share.try_set(101) && share.try_set(60));
        let bytes = share.attach(Bytes::from_static(&[0; 40])).unwrap();
        assert_eq!(budget.used(), 40);
        let slice = bytes.slice(39..);
        drop(bytes);
        assert_eq!(budget.used(), 40);
        drop(slice);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a test: what waits for it fails")]
    async fn a_budget_is_never_exceeded_and_comes_back() {
        let budget = Arc::new(Budget::new(100));
        let (mut a, mut b) = (Share::new(&budget), Share::new(&budget));
        assert!(a.grow_to(80).await);
        assert!(!b.grow_to(30).await);
        let waiting = tokio::spawn(async move { b.grow_to(30).await });
        tokio::task::yield_now().await;
        drop(a);
        assert!(waiting.await.unwrap());
        assert_eq!((budget.used(), budget.peak()), (0, 80));
    }
}
