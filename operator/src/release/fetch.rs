//! Values of Secrets, got one by one.
//!
//! They are waited for briefly, so that a first compilation has them. One that takes longer holds nothing else up: it counts as
//! unreadable until it comes.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::Api;
use serde_json::Value;

use crate::world::Wanted;

/// So many are got at once.
const AT_ONCE: usize = 16;
/// So long everything else waits for one.
const PATIENCE: Duration = Duration::from_millis(500);

/// What came of one.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) wanted: Wanted,
    pub(super) answer: Answer,
}

/// What the API server says about a Secret.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nothing when there is no such Secret any more.
    Here(Option<Value>),
    Failed(kube::Error),
    /// Nothing yet. Another answer follows.
    Late,
}

type Get = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;
type Wait = std::pin::Pin<Box<dyn Future<Output = (Wanted, Result<Answer, Get>)> + Send>>;

/// Secrets that are being got, and those that wait for it.
pub(super) struct Fetches {
    client: Client,
    waiting: Vec<Wanted>,
    running: FuturesUnordered<Wait>,
    /// Nobody waits for them.
    late: FuturesUnordered<Wait>,
}

impl Fetches {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            waiting: Vec::new(),
            running: FuturesUnordered::new(),
            late: FuturesUnordered::new(),
        }
    }

    pub(super) fn start(&mut self, wanted: Vec<Wanted>) {
        self.waiting.extend(wanted);
        self.fill();
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.running.clear();
        self.late.clear();
    }

    /// Whether there is nothing that is to be waited for.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// The next that came, or is late; nothing while none is under way.
    pub(super) async fn next(&mut self) -> Option<Fetched> {
        let (wanted, answered) = tokio::select! {
            Some(next) = self.running.next() => next,
            Some(next) = self.late.next() => next,
            else => return None,
        };
        self.fill();
        let answer = answered.unwrap_or_else(|get| {
            let wanted = wanted.clone();
            self.late
                .push(Box::pin(async move { (wanted, Ok(get.await)) }));
            Answer::Late
        });
        Some(Fetched { wanted, answer })
    }

    fn fill(&mut self) {
        while self.running.len() < AT_ONCE
            && let Some(wanted) = self.waiting.pop()
        {
            let api: Api<Secret> = Api::namespaced(self.client.clone(), &wanted.name.namespace);
            let name = wanted.name.name.to_string();
            let mut get: Get = Box::pin(async move {
                match api.get_opt(&name).await {
                    Ok(secret) => Answer::Here(secret.and_then(|s| serde_json::to_value(s).ok())),
                    Err(error) => Answer::Failed(error),
                }
            });
            self.running.push(Box::pin(async move {
                let answered = tokio::time::timeout(PATIENCE, &mut get).await;
                (wanted, answered.map_err(|_| get))
            }));
        }
    }
}
