//! What the mock was sent, and how each request ended.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, Version, request};
use tokio::sync::watch;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// 1 for the first request of this mock.
    pub number: u64,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// HTTP/1.1 or HTTP/2.
    pub version: Version,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty until it has arrived whole.
    pub body: Bytes,
    /// How it ended.
    pub outcome: Outcome,
}

impl Recorded {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header's value, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended.
    Open,
    /// The whole answer was handed to the connection.
    Answered,
    /// The mock itself broke the connection, as a fault asked.
    Broken,
    /// The client went away first.
    Cancelled,
}

/// How many requests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Request heads that arrived.
    pub received: u64,
    /// Requests answered whole.
    pub answered: u64,
    /// Requests that the mock broke off, as a fault asked.
    pub broken: u64,
    /// Requests whose client went away before the answer was whole.
    pub cancelled: u64,
}

/// The list of requests, bounded, oldest dropped first.
#[derive(Debug)]
pub(crate) struct Recorder {
    kept: Mutex<VecDeque<Recorded>>,
    limit: usize,
    counts: watch::Sender<Counts>,
}

/// One request in the list. Dropped before [`Ticket::end`], the client has gone away.
#[derive(Debug)]
pub(crate) struct Ticket {
    recorder: Arc<Recorder>,
    pub(crate) number: u64,
    ended: bool,
}

// === impl Recorder ===

impl Recorder {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: Mutex::default(),
            limit,
            counts: watch::Sender::default(),
        }
    }

    pub(crate) fn begin(self: &Arc<Self>, head: &request::Parts) -> Ticket {
        let mut number = 0;
        self.counts.send_modify(|c| {
            c.received += 1;
            number = c.received;
        });
        if self.limit > 0 {
            let path = head
                .uri
                .path_and_query()
                .map_or("/", |p| p.as_str())
                .to_owned();
            let mut kept = self.lock();
            if kept.len() >= self.limit {
                kept.pop_front();
            }
            kept.push_back(Recorded {
                number,
                method: head.method.clone(),
                path,
                version: head.version,
                headers: head.headers.clone(),
                body: Bytes::new(),
                outcome: Outcome::Open,
            });
        }
        Ticket {
            recorder: self.clone(),
            number,
            ended: false,
        }
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until the counts satisfy a condition.
    pub(crate) async fn until(&self, condition: impl FnMut(&Counts) -> bool) {
        // The sender lives as long as `self`, so the wait can't fail.
        let _ = self.counts.subscribe().wait_for(condition).await;
    }

    fn edit(&self, number: u64, edit: impl FnOnce(&mut Recorded)) {
        // Newest first: it is nearly always among the last ones.
        if let Some(found) = self.lock().iter_mut().rev().find(|r| r.number == number) {
            edit(found);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Recorded>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Ticket ===

impl Ticket {
    pub(crate) fn body(&self, body: &Bytes) {
        self.recorder.edit(self.number, |r| r.body = body.clone());
    }

    /// Says how the request ended; only the first time counts.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        if self.ended {
            return;
        }
        self.ended = true;
        // The list before the counts: who waits for a count then finds it in the list.
        self.recorder.edit(self.number, |r| r.outcome = outcome);
        self.recorder.counts.send_modify(|c| match outcome {
            Outcome::Open => {}
            Outcome::Answered => c.answered += 1,
            Outcome::Broken => c.broken += 1,
            Outcome::Cancelled => c.cancelled += 1,
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}
