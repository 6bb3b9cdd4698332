//! When to compile: soon after the last change, and not too long after the first.

use std::time::{Duration, Instant};

/// Changes that are closer together are one.
const QUIET: Duration = Duration::from_millis(15);
/// And yet no change waits longer.
const PATIENCE: Duration = Duration::from_millis(150);

/// Since when there is something to compile, and when the last of it came.
#[derive(Debug, Default)]
pub(super) struct Pace {
    first: Option<Instant>,
    last: Option<Instant>,
    is_waiting: bool,
}

impl Pace {
    /// The input changed.
    pub(super) fn changed(&mut self, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
        self.is_waiting = false;
    }

    /// It has to be compiled at once.
    pub(super) fn hurry(&mut self, now: Instant) {
        let long_ago = now.checked_sub(PATIENCE).unwrap_or(now);
        (self.first, self.last) = (Some(long_ago), Some(long_ago));
        self.is_waiting = false;
    }

    /// Something has to come first that will say [`Self::changed`] or [`Self::hurry`].
    pub(super) fn wait(&mut self) {
        self.is_waiting = true;
    }

    /// It is being compiled.
    pub(super) fn done(&mut self) {
        *self = Self::default();
    }

    /// When to compile, if there is anything.
    pub(super) fn due(&self) -> Option<Instant> {
        let (first, last) = (self.first?, self.last?);
        (!self.is_waiting).then(|| (last + QUIET).min(first + PATIENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_and_a_stream_of_changes_does_not_wait_for_ever() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(), None);
        pace.changed(start);
        assert_eq!(pace.due(), Some(start + QUIET));
        for ms in (10..1000).step_by(10) {
            pace.changed(start + Duration::from_millis(ms));
        }
        assert_eq!(pace.due(), Some(start + PATIENCE));
        pace.done();
        assert_eq!(pace.due(), None);
    }

    #[test]
    fn what_has_to_come_first_is_waited_for() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.changed(start);
        pace.wait();
        assert_eq!(pace.due(), None);
        pace.hurry(start + PATIENCE);
        assert!(pace.due().is_some_and(|due| due <= start + PATIENCE));
    }
}
