//! Where is said what became of requests.

use crate::access_log::AccessLog;
use crate::metrics::Metrics;

/// The metrics and the log of the process.
pub(crate) struct Telemetry {
    pub(crate) metrics: Metrics,
    pub(crate) log: AccessLog,
}

impl Telemetry {
    pub(crate) fn new(log: AccessLog) -> Self {
        let metrics = Metrics::new();
        Self { metrics, log }
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}
