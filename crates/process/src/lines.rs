//! Lines for an output that may be slow, or blocked for good: a thread of its own writes them. Who has a line to say never waits; what
//! can't be written is dropped, and counted.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};

/// Lines that aren't urgent wait at most this long.
const FLUSH_EVERY: Duration = Duration::from_millis(200);
/// Lines are dropped when so many bytes wait.
const MAX_WAITING: usize = 8 << 20;
/// The writer is woken early from so many bytes on.
const WAKE_AT: usize = 64 << 10;
/// What is left when the last handle goes is waited for so long: a process that is told to end does.
pub const PATIENCE: Duration = Duration::from_secs(1);

static DROPPED: std::sync::LazyLock<Counter> = std::sync::LazyLock::new(Counter::default);

/// Where the lines go. Cheap to clone; the last one dropped waits a little for what is left to be written.
#[derive(Clone, Debug)]
pub struct Lines {
    owner: Arc<Owner>,
}

#[derive(Debug)]
struct Owner(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// For the writer.
    wake: Condvar,
    /// For who waits for the writer.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    urgent: bool,
    closed: bool,
    /// The writer has a batch in its hands.
    writing: bool,
}

impl Lines {
    /// To a writer, such as standard output.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn to(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let ours = queue.clone();
        std::thread::Builder::new()
            .name("lines".into())
            .spawn(move || {
                let mut batch = Vec::new();
                while ours.take(&mut batch) {
                    // Nobody is left to tell when the log itself can't be written.
                    let _ = out.write_all(&batch).and_then(|()| out.flush());
                    batch.clear();
                    ours.wrote();
                }
            })?;
        Ok(Self {
            owner: Arc::new(Owner(queue)),
        })
    }

    /// Adds a line that can wait for others; `write` appends it without the line feed.
    pub fn add(&self, write: impl FnOnce(&mut Vec<u8>)) {
        self.owner.0.add(false, |bytes| {
            write(bytes);
            bytes.push(b'\n');
        });
    }

    /// Adds whole lines that somebody may be waiting for.
    pub fn add_now(&self, lines: &[u8]) {
        self.owner
            .0
            .add(true, |bytes| bytes.extend_from_slice(lines));
    }

    /// Waits until all is written, though no longer than `patience`. True when it is.
    pub fn flush(&self, patience: Duration) -> bool {
        self.owner.0.flush(patience)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, urgent: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let mut waiting = self.lock();
        if waiting.bytes.len() > MAX_WAITING {
            waiting.dropped += 1;
            DROPPED.inc();
            return;
        }
        let before = waiting.bytes.len();
        write(&mut waiting.bytes);
        waiting.urgent |= urgent;
        if urgent || before == 0 || (before < WAKE_AT && waiting.bytes.len() >= WAKE_AT) {
            self.wake.notify_one();
        }
    }

    /// Waits for lines and moves them to `batch`. False when there will be no more.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut waiting = self.lock();
        while !waiting.closed && !waiting.urgent && waiting.bytes.len() < WAKE_AT {
            if waiting.bytes.is_empty() {
                waiting = self
                    .wake
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (guard, waited) = self
                .wake
                .wait_timeout(waiting, FLUSH_EVERY)
                .unwrap_or_else(PoisonError::into_inner);
            waiting = guard;
            if waited.timed_out() {
                break;
            }
        }
        waiting.urgent = false;
        std::mem::swap(&mut waiting.bytes, batch);
        if waiting.dropped > 0 {
            let count = std::mem::take(&mut waiting.dropped);
            let line = format!(
                "{{\"level\":\"warn\",\"message\":\"log lines dropped\",\"count\":{count}}}\n"
            );
            batch.extend_from_slice(line.as_bytes());
        }
        waiting.writing = !batch.is_empty();
        waiting.writing || !waiting.closed
    }

    fn wrote(&self) {
        self.lock().writing = false;
        self.written.notify_all();
    }

    fn flush(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut waiting = self.lock();
        while waiting.writing || !waiting.bytes.is_empty() {
            waiting.urgent = true;
            self.wake.notify_one();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            waiting = self
                .written
                .wait_timeout(waiting, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.flush(PATIENCE);
        self.0.lock().closed = true;
        self.0.wake.notify_one();
    }
}

/// How many lines of this process were dropped, for a registry of metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct DroppedLines;

impl Collector for DroppedLines {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let counter = ConstCounter::new(DROPPED.get());
        let help = "Lines of the log that were dropped, since its output did not take them";
        let kind = counter.metric_type();
        counter.encode(encoder.encode_descriptor("log_lines_dropped", help, None, kind)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that takes nothing while somebody has the lock.
    struct Blocked {
        lock: Arc<Mutex<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _free = self.lock.lock().unwrap();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn mk(lock: &Arc<Mutex<()>>) -> (Lines, Arc<Mutex<Vec<u8>>>) {
        let written = Arc::new(Mutex::default());
        let out = Blocked {
            lock: lock.clone(),
            written: written.clone(),
        };
        (Lines::to(out).unwrap(), written)
    }

    #[test]
    fn an_output_that_is_blocked_stops_nobody_and_what_it_misses_is_counted() {
        let lock = Arc::default();
        let (lines, written) = mk(&lock);
        let blocked = lock.lock().unwrap();
        let before = DROPPED.get();
        let line = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            lines.add(|out| out.extend_from_slice(&line));
        }
        assert!(!lines.flush(Duration::ZERO));
        assert!(DROPPED.get() > before);
        drop(blocked);
        assert!(lines.flush(Duration::from_mins(1)));
        lines.add_now(b"after\n");
        assert!(lines.flush(Duration::from_mins(1)));
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.contains("\"message\":\"log lines dropped\""));
        assert!(text.ends_with("after\n"));
    }

    #[test]
    fn the_last_handle_waits_for_what_is_left_and_not_for_ever() {
        let lock = Arc::default();
        let (lines, written) = mk(&lock);
        lines.add(|out| out.extend_from_slice(b"one"));
        let other = lines.clone();
        drop(lines);
        drop(other);
        assert_eq!(*written.lock().unwrap(), b"one\n");
        let (lines, written) = mk(&lock);
        let blocked = lock.lock().unwrap();
        lines.add(|out| out.extend_from_slice(b"one"));
        drop(lines);
        assert!(written.lock().unwrap().is_empty());
        drop(blocked);
    }
}
