//! One try at a provider.

use std::sync::Arc;

use sluice_llm::usage::Usage;

use crate::metrics::Series;

/// A try at one target. From its beginning to its end it counts as in flight; what it used is its own.
pub(crate) struct Attempt {
    series: Arc<Series>,
    pub(crate) usage: Usage,
}

impl Attempt {
    pub(crate) fn begin(series: Arc<Series>) -> Self {
        series.active.inc();
        Self {
            series,
            usage: Usage::default(),
        }
    }

    pub(crate) fn series(&self) -> &Arc<Series> {
        &self.series
    }

    /// Counts the fields of the request that its provider's format had no place for.
    pub(crate) fn note_dropped(&self, fields: usize) {
        if fields > 0 {
            let fields = u64::try_from(fields).unwrap_or(u64::MAX);
            self.series.dropped.inc_by(fields);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.series.active.dec();
    }
}
