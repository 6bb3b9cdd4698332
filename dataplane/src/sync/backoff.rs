//! How long to wait before the next attempt.

use std::time::Duration;

use crate::random;

/// How the operator is given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// After one failure.
    pub first: Duration,
    /// However many there were.
    pub longest: Duration,
    /// Streams are not opened anew for their token more often than this, whatever it says.
    pub renewal: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        let renewal = Duration::from_secs(10);
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            renewal,
        }
    }
}

/// Delays that double with each failure, with jitter, so that those who lost the same peer don't come back together.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    delays: Delays,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(delays: Delays) -> Self {
        Self {
            delays,
            failures: 0,
        }
    }

    /// After one more failure: between half of the delay and all of it.
    pub(super) fn next(&mut self) -> Duration {
        let full = self
            .delays
            .first
            .saturating_mul(1 << self.failures.min(16))
            .min(self.delays.longest);
        self.failures = self.failures.saturating_add(1);
        let share = u32::try_from(random::number() % 1024).unwrap_or_default();
        full / 2 + full / 2 * share / 1024
    }

    /// It went well.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_longest_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::new(Delays::default());
        let ms = Duration::from_millis;
        for full in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map(ms) {
            let delay = backoff.next();
            assert!(full / 2 <= delay && delay <= full, "{delay:?} of {full:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= ms(500));
    }
}
