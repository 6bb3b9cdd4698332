//! Tasks that the process can do without: one that panics says so, and is counted.
//!
//! What the process can't do without belongs to a [`crate::Supervisor`].

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use tokio::task::AbortHandle;

static PANICS: std::sync::LazyLock<Counter> = std::sync::LazyLock::new(Counter::default);

/// Starts a task on the runtime that this is called in. It goes on when the handle is dropped.
///
/// A panic ends this task alone: it is logged with the task's name, and counted in [`Panics`].
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a panic is caught before the runtime drops it"
)]
pub fn spawn<F>(name: &'static str, task: F) -> AbortHandle
where
    F: Future<Output = ()> + Send + 'static,
{
    // No async block: it would hold the task twice.
    let task = AssertUnwindSafe(task).catch_unwind().map(move |ended| {
        if let Err(panic) = ended {
            PANICS.inc();
            tracing::error!(task = name, panic = words(&*panic), "a task panicked");
        }
    });
    tokio::spawn(task).abort_handle()
}

/// How many tasks of this process panicked, for a registry of metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Panics;

impl Panics {
    /// The number.
    pub fn count(self) -> u64 {
        PANICS.get()
    }
}

impl Collector for Panics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let counter = ConstCounter::new(self.count());
        let help = "Tasks that ended by a panic, which is a bug";
        let metric = encoder.encode_descriptor("task_panics", help, None, counter.metric_type())?;
        counter.encode(metric)
    }
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or(panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a word")
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_counted_and_the_others_go_on() {
        let (alive, other) = tokio::sync::oneshot::channel();
        let before = Panics.count();
        let broken = spawn("broken", async {
            assert!(std::hint::black_box(false), "a bug");
        });
        spawn("sound", async move {
            let _ = alive.send(());
        });
        other.await.unwrap();
        while !broken.is_finished() {
            tokio::task::yield_now().await;
        }
        assert_eq!(Panics.count(), before + 1);
        let mut registry = Registry::with_prefix("sluice");
        registry.register_collector(Box::new(Panics));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let line = format!("sluice_task_panics_total {}\n", before + 1);
        assert!(text.contains(&line), "{text}");
    }
}
