//! Tasks that the process can't do without.
//!
//! An accept loop that panicked would leave a process that is ready and accepts nothing. So whoever runs such tasks holds a
//! [`Supervisor`], waits for [`Supervisor::ended`] beside everything else, and ends with it; the one of `main` is the last.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::task::words;

/// Named tasks. None of them is meant to end; all are stopped when this is dropped.
#[derive(Debug, Default)]
pub struct Supervisor {
    tasks: JoinSet<Result<(), String>>,
    names: HashMap<Id, String>,
}

/// A task ended, and the process with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{task} {how}")]
pub struct Ended {
    /// Its name.
    pub task: String,
    /// What became of it.
    pub how: String,
}

impl Supervisor {
    /// Without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task on the runtime that this is called in. The error is shown with its causes, where it has some.
    ///
    /// The handle stops it, which is no end that [`Self::ended`] tells of.
    pub fn spawn<F, E>(&mut self, name: impl Into<String>, task: F) -> AbortHandle
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        self.spawn_on(&Handle::current(), name, task)
    }

    /// As [`Self::spawn`], on another runtime. When that is shut down, its tasks are as if stopped.
    pub fn spawn_on<F, E>(
        &mut self,
        runtime: &Handle,
        name: impl Into<String>,
        task: F,
    ) -> AbortHandle
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let task = async move { task.await.map_err(|e| format!("{e:#}")) };
        let handle = self.tasks.spawn_on(task, runtime);
        self.names.insert(handle.id(), name.into());
        handle
    }

    /// Stops all tasks, and returns when nothing of them is left.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }

    /// Waits for the first task that ends by itself, however it does. Without tasks it never returns.
    pub async fn ended(&mut self) -> Ended {
        loop {
            let Some(ended) = self.tasks.join_next_with_id().await else {
                return std::future::pending().await;
            };
            let (id, how) = match ended {
                Ok((id, Ok(()))) => (id, Some("ended, which it should not".to_owned())),
                Ok((id, Err(error))) => (id, Some(format!("failed: {error}"))),
                Err(error) => (error.id(), panicked(error)),
            };
            let task = self.names.remove(&id).unwrap_or_default();
            if let Some(how) = how {
                return Ended { task, how };
            }
        }
    }
}

/// Nothing when it was stopped by its handle.
fn panicked(error: JoinError) -> Option<String> {
    let panic = error.try_into_panic().ok()?;
    Some(format!("panicked: {}", words(&*panic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whichever_ends_first_is_named() {
        let mut tasks = Supervisor::new();
        tasks.spawn("watch", std::future::pending::<Result<(), String>>());
        tasks.spawn("serve", async { Err("no socket") });
        assert_eq!(tasks.ended().await.to_string(), "serve failed: no socket");
        tasks.spawn("lease", async { Ok::<_, String>(()) });
        assert_eq!(
            tasks.ended().await.to_string(),
            "lease ended, which it should not"
        );
        tasks.spawn("status", async {
            assert!(std::hint::black_box(false), "a bug");
            Ok::<_, String>(())
        });
        assert_eq!(tasks.ended().await.to_string(), "status panicked: a bug");
    }
    #[tokio::test]
    async fn a_task_that_was_stopped_is_no_end() {
        let mut tasks = Supervisor::new();
        let stopped = tasks.spawn("port 80", std::future::pending::<Result<(), String>>());
        stopped.abort();
        tasks.spawn("port 81", async move {
            // Behind the other, also in the order in which they are joined.
            while !stopped.is_finished() {
                tokio::task::yield_now().await;
            }
            Err("no socket")
        });
        assert_eq!(tasks.ended().await.to_string(), "port 81 failed: no socket");
    }
}
