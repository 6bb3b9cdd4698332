//! The time.

use std::time::Instant;

/// The time that timers go by, which stands still in tests.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
