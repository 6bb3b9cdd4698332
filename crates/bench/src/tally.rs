//! What came of a load: counts, times, and the events of streams.

use std::time::Duration;

use memchr::memmem;
use tokio::time::Instant;

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    pub(crate) errors: u64,
    /// Events of finished streams.
    pub(crate) chunks: u64,
    /// Whole answers, microseconds.
    pub(crate) latency: Vec<u32>,
    /// First events, microseconds.
    pub(crate) first: Vec<u32>,
    /// How late events were, counted from the request, microseconds.
    pub(crate) late: Vec<u32>,
}

/// A time in microseconds.
pub(crate) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// The events of one stream as they arrive.
pub(crate) struct Events {
    begun: Instant,
    gap: Duration,
    chunks: usize,
    pub(crate) seen: usize,
    pub(crate) done: bool,
    pub(crate) first: u32,
    pub(crate) late: Vec<u32>,
    /// The end of what came last, since an event's mark may be cut.
    tail: Vec<u8>,
}

impl Events {
    /// The events of a stream asked for at `begun`, of which `chunks` come `gap` apart.
    pub(crate) fn new(begun: Instant, chunks: usize, gap: Duration) -> Self {
        Self {
            begun,
            gap,
            chunks,
            seen: 0,
            done: false,
            first: 0,
            late: Vec::new(),
            tail: Vec::new(),
        }
    }

    /// Takes data as it arrives.
    pub(crate) fn see(&mut self, data: &[u8]) {
        let joined;
        let text = if self.tail.is_empty() {
            data
        } else {
            joined = [self.tail.as_slice(), data].concat();
            joined.as_slice()
        };
        // Events end in an empty line; the part after the last one is kept.
        let end = memmem::rfind(text, b"\n\n").map_or(0, |at| at + 2);
        let count = memmem::find_iter(&text[..end], b"data: ").count();
        self.done |= memmem::find(&text[..end], b"data: [DONE]").is_some();
        self.tail = text[end..].to_vec();
        if count == 0 {
            return;
        }
        let now = self.begun.elapsed();
        if self.seen == 0 {
            self.first = micros(now);
        }
        self.seen += count;
        if !self.gap.is_zero() {
            // The finishing event and [DONE] come together, one tick after the last.
            let tick = self.seen.min(self.chunks + 1) as u32;
            self.late.push(micros(now.saturating_sub(self.gap * tick)));
        }
    }
}

// === impl Tally ===

impl Tally {
    /// Adds what another connection saw.
    pub(crate) fn add(&mut self, other: Self) {
        self.done += other.done;
        self.errors += other.errors;
        self.chunks += other.chunks;
        self.latency.extend(other.latency);
        self.first.extend(other.first);
        self.late.extend(other.late);
    }
}

/// A percentile; sorts.
pub(crate) fn percentile(values: &mut [u32], percent: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f64 * percent / 100.0).round() as usize;
    f64::from(*values.select_nth_unstable(at).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_wherever_they_are_cut() {
        let text = b"data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n";
        for cut in 0..text.len() {
            let mut events = Events::new(Instant::now(), 1, Duration::ZERO);
            events.see(&text[..cut]);
            events.see(&text[cut..]);
            assert_eq!((events.seen, events.done), (3, true), "cut at {cut}");
        }
    }

    #[test]
    fn percentiles_are_of_the_values() {
        let mut values = vec![5, 1, 3, 2, 4];
        assert_eq!(percentile(&mut values, 50.0), 3.0);
        assert_eq!(percentile(&mut values, 100.0), 5.0);
        assert_eq!(percentile(&mut [], 50.0), 0.0);
    }
}
