//! Tasks that the process can't do without.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;

use tokio::task::{Id, JoinError, JoinSet};

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
    pub fn spawn<F, E>(&mut self, name: impl Into<String>, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let handle = self
            .tasks
            .spawn(async move { task.await.map_err(|e| format!("{e:#}")) });
        self.names.insert(handle.id(), name.into());
    }

    /// Waits for the first task that ends, however it does. Without tasks it never returns.
    pub async fn ended(&mut self) -> Ended {
        let Some(ended) = self.tasks.join_next_with_id().await else {
            return std::future::pending().await;
        };
        let (id, how) = match ended {
            Ok((id, Ok(()))) => (id, "ended, which it should not".to_owned()),
            Ok((id, Err(error))) => (id, format!("failed: {error}")),
            Err(error) => (error.id(), broken(error)),
        };
        Ended {
            task: self.names.remove(&id).unwrap_or_default(),
            how,
        }
    }
}

fn broken(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else {
        return "was stopped".to_owned();
    };
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or(panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a word"))
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
}
