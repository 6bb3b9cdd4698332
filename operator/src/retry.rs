//! What failed, and when it is tried again: each thing by itself, so that none waits for another.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// After the first failure.
const FIRST: Duration = Duration::from_secs(2);
/// However often it failed.
const LAST: Duration = Duration::from_secs(60);

/// What failed, by what it is about.
#[derive(Debug)]
pub(crate) struct Retries<K> {
    failed: BTreeMap<K, Failed>,
}

#[derive(Debug)]
struct Failed {
    times: u32,
    again: Instant,
}

impl<K> Default for Retries<K> {
    fn default() -> Self {
        Self {
            failed: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone> Retries<K> {
    /// It failed once more. `asked` is how long the API server asked to be left alone.
    pub(crate) fn failed(&mut self, key: &K, now: Instant, asked: Option<Duration>) {
        let times = self.failed.get(key).map_or(0, |f| f.times);
        let own = FIRST.saturating_mul(1 << times.min(10)).min(LAST);
        let failed = Failed {
            times: times.saturating_add(1),
            again: now + own.max(asked.unwrap_or_default()),
        };
        self.failed.insert(key.clone(), failed);
    }

    /// It worked, or is of no interest any more.
    pub(crate) fn done(&mut self, key: &K) {
        self.failed.remove(key);
    }

    /// Whether it is too early to try it again.
    pub(crate) fn is_held(&self, key: &K, now: Instant) -> bool {
        self.failed.get(key).is_some_and(|f| now < f.again)
    }

    /// When the next of those that are held may be tried.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        self.failed
            .values()
            .map(|f| f.again)
            .filter(|again| now < *again)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waits_longer_each_time_and_for_itself() {
        let now = Instant::now();
        let mut retries = Retries::default();
        retries.failed(&"a", now, None);
        assert!(retries.is_held(&"a", now) && !retries.is_held(&"b", now));
        assert_eq!(retries.next(now), Some(now + FIRST));
        assert!(!retries.is_held(&"a", now + FIRST));
        retries.failed(&"a", now, None);
        assert_eq!(retries.next(now), Some(now + FIRST * 2));
        for _ in 0..40 {
            retries.failed(&"a", now, None);
        }
        assert_eq!(retries.next(now), Some(now + LAST));
        retries.done(&"a");
        retries.failed(&"a", now, None);
        assert_eq!(retries.next(now), Some(now + FIRST), "it begins anew");
    }

    #[test]
    fn the_api_server_is_left_alone_for_as_long_as_it_asks() {
        let now = Instant::now();
        let mut retries = Retries::default();
        retries.failed(&"a", now, Some(Duration::from_secs(90)));
        assert!(retries.is_held(&"a", now + Duration::from_secs(89)));
        assert!(!retries.is_held(&"a", now + Duration::from_secs(90)));
    }
}
