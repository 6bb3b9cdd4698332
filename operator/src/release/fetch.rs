//! Values of Secrets, got one by one.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::Api;
use serde_json::Value;

use crate::world::Wanted;

/// So many are got at once.
const AT_ONCE: usize = 16;

/// What came of one.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) wanted: Wanted,
    /// Nothing when there is no such Secret any more.
    pub(super) result: Result<Option<Value>, kube::Error>,
}

type Get = std::pin::Pin<Box<dyn Future<Output = Fetched> + Send>>;

/// Secrets that are being got, and those that wait for it.
pub(super) struct Fetches {
    client: Client,
    waiting: Vec<Wanted>,
    running: FuturesUnordered<Get>,
}

impl Fetches {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            waiting: Vec::new(),
            running: FuturesUnordered::new(),
        }
    }

    pub(super) fn start(&mut self, wanted: Vec<Wanted>) {
        self.waiting.extend(wanted);
        self.fill();
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.running.clear();
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// The next that came; nothing while none is under way.
    pub(super) async fn next(&mut self) -> Option<Fetched> {
        let fetched = self.running.next().await?;
        self.fill();
        Some(fetched)
    }

    fn fill(&mut self) {
        while self.running.len() < AT_ONCE
            && let Some(wanted) = self.waiting.pop()
        {
            let api: Api<Secret> = Api::namespaced(self.client.clone(), &wanted.name.namespace);
            self.running.push(Box::pin(async move {
                let got = api.get_opt(&wanted.name.name).await;
                let result = got.map(|secret| secret.and_then(|s| serde_json::to_value(s).ok()));
                Fetched { wanted, result }
            }));
        }
    }
}
