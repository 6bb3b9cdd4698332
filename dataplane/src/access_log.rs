//! One JSON line per request, written by a thread of its own.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines wait at most this long.
const FLUSH_EVERY: Duration = Duration::from_millis(200);
/// Lines are dropped, and counted, when so many bytes wait: a log that can't be written must not stop the traffic.
const MAX_WAITING: usize = 8 << 20;
/// The writer is woken early from so many bytes on.
const WAKE_AT: usize = 64 << 10;

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    closed: bool,
}

struct Inner {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

/// Where the lines go. Cheap to clone; the last one dropped writes what is left.
#[derive(Clone)]
pub struct AccessLog {
    inner: Option<Arc<Owner>>,
}

struct Owner {
    inner: Arc<Inner>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AccessLog {
    /// No lines at all.
    pub fn off() -> Self {
        Self { inner: None }
    }

    /// To a writer, such as standard output.
    pub fn to(mut out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let inner = Arc::new(Inner {
            waiting: Mutex::default(),
            wake: Condvar::new(),
        });
        let shared = inner.clone();
        let writer = std::thread::Builder::new()
            .name("access-log".into())
            .spawn(move || {
                let mut batch = Vec::new();
                while shared.take(&mut batch) {
                    // Nobody is left to tell when the log itself can't be written.
                    let _ = out.write_all(&batch).and_then(|()| out.flush());
                    batch.clear();
                }
            })?;
        Ok(Self {
            inner: Some(Arc::new(Owner {
                inner,
                writer: Mutex::new(Some(writer)),
            })),
        })
    }

    /// Adds a line; `write` appends it without the line feed.
    pub(crate) fn line(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(owner) = &self.inner else { return };
        let mut waiting = lock(&owner.inner.waiting);
        if waiting.bytes.len() > MAX_WAITING {
            waiting.dropped += 1;
            return;
        }
        let before = waiting.bytes.len();
        write(&mut waiting.bytes);
        waiting.bytes.push(b'\n');
        if before == 0 || (before < WAKE_AT && waiting.bytes.len() >= WAKE_AT) {
            owner.inner.wake.notify_one();
        }
    }
}

impl Inner {
    /// Waits for lines and moves them to `batch`. False when there will be no more.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut waiting = lock(&self.waiting);
        while !waiting.closed && waiting.bytes.len() < WAKE_AT {
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
        std::mem::swap(&mut waiting.bytes, batch);
        if waiting.dropped > 0 {
            batch.extend_from_slice(
                format!(
                    "{{\"level\":\"warn\",\"message\":\"log lines dropped\",\"count\":{}}}\n",
                    waiting.dropped
                )
                .as_bytes(),
            );
            waiting.dropped = 0;
        }
        !batch.is_empty() || !waiting.closed
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        lock(&self.inner.waiting).closed = true;
        self.inner.wake.notify_one();
        if let Some(writer) = lock(&self.writer).take() {
            let _ = writer.join();
        }
    }
}

/// Appends `"key":"text",` with the text escaped.
pub(crate) fn text(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(b"\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    if value
        .bytes()
        .all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\')
    {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    } else {
        let quoted = sluice_llm::json::quote(value);
        out.extend_from_slice(sluice_process::printable_json(&quoted).as_bytes());
    }
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_access_log_is_printable() {
        for value in [
            "plain",
            "é漢🙂",
            "a\u{1b}[31m\"\\\n",
            "\u{7f}",
            "a\u{9b}2J\u{202e}",
        ] {
            let mut out = Vec::new();
            text(&mut out, "model", value);
            let out = String::from_utf8(out).unwrap();
            assert!(
                !out.contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{out:?}"
            );
            let line: serde_json::Value =
                serde_json::from_str(&format!("{{{}}}", out.trim_end_matches(','))).unwrap();
            assert_eq!(line["model"], value);
        }
    }
}
