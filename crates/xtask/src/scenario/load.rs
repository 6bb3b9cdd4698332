//! Steady load: requests and streams on kept connections, as SDKs have them, each of which ends well or is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;

/// Callers that send one request after the other.
const CALLERS: usize = 8;
/// Callers with a stream open nearly all the time.
const STREAMS: usize = 16;
const PAUSE: Duration = Duration::from_millis(40);
/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of the requests so far.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) requests: AtomicU64,
    pub(super) streams: AtomicU64,
    /// What went wrong, and how often.
    lost: Mutex<BTreeMap<String, u64>>,
}

impl Counts {
    pub(super) fn lost(&self) -> BTreeMap<String, u64> {
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, is_stream: bool, outcome: Result<(), String>) {
        let counter = if is_stream {
            &self.streams
        } else {
            &self.requests
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if let Err(why) = outcome {
            let kind = if is_stream { "stream" } else { "request" };
            let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
            *lost.entry(format!("{kind}: {why}")).or_default() += 1;
        }
    }
}

/// Load that goes on until it is stopped.
pub(super) struct Load {
    pub(super) counts: Arc<Counts>,
    is_over: Arc<AtomicBool>,
    callers: JoinSet<()>,
}

impl Load {
    pub(super) fn start(url: &str) -> Self {
        let (counts, is_over) = (
            Arc::new(Counts::default()),
            Arc::new(AtomicBool::new(false)),
        );
        let mut callers = JoinSet::new();
        for i in 0..CALLERS + STREAMS {
            callers.spawn(call(
                url.to_owned(),
                i >= CALLERS,
                counts.clone(),
                is_over.clone(),
            ));
        }
        Self {
            counts,
            is_over,
            callers,
        }
    }

    /// Lets what is open end.
    pub(super) async fn stop(mut self) -> Arc<Counts> {
        self.is_over.store(true, Ordering::Relaxed);
        while self.callers.join_next().await.is_some() {}
        self.counts
    }
}

async fn call(url: String, is_stream: bool, counts: Arc<Counts>, is_over: Arc<AtomicBool>) {
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let fault = if is_stream {
        "chunks=40;interval-ms=50"
    } else {
        ""
    };
    let body = format!(
        r#"{{"messages":[{{"role":"user","content":"Hello"}}],"stream":{is_stream},"user":"load"}}"#
    );
    while !is_over.load(Ordering::Relaxed) {
        let outcome =
            tokio::time::timeout(PATIENCE, once(&client, &url, fault, &body, is_stream)).await;
        counts.note(
            is_stream,
            outcome.unwrap_or_else(|_| Err("no end within a minute".to_owned())),
        );
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once(
    client: &Client<HttpConnector, Full<Bytes>>,
    url: &str,
    fault: &str,
    body: &str,
    is_stream: bool,
) -> Result<(), String> {
    let request = http::Request::post(url)
        .header("content-type", "application/json")
        .header("x-mock-fault", fault)
        .body(Full::new(Bytes::from(body.to_owned())))
        .map_err(|error| error.to_string())?;
    let response = client
        .request(request)
        .await
        .map_err(|error| chain(&error))?;
    let status = response.status();
    let whole = response
        .into_body()
        .collect()
        .await
        .map_err(|error| format!("cut off: {}", chain(&error)))?;
    let text = String::from_utf8_lossy(&whole.to_bytes()).into_owned();
    if status != 200 {
        return Err(format!(
            "status {status}: {}",
            text.chars().take(160).collect::<String>()
        ));
    }
    let ends = if is_stream {
        "data: [DONE]"
    } else {
        "\"usage\""
    };
    if text.contains(ends) {
        Ok(())
    } else {
        Err(format!("no end: {}", text.len()))
    }
}

/// An error and what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
