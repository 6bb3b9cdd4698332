//! A webhook that is asked by guards, and does as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What it does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Pass,
    /// Puts the second in place of the first, wherever it stands.
    Mask(&'static str, &'static str),
    /// Rejects what has this in it.
    Reject(&'static str, u16, &'static str),
    /// Answers with this status and body.
    Say(u16, &'static str),
    /// Answers more than anybody wants to read.
    Ramble,
    /// Never answers.
    Silent,
    /// Closes the connection.
    Cut,
}

/// What it was asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Question {
    /// The messages, whichever way they went.
    pub(super) fn messages(&self) -> Vec<&Value> {
        let body = &self.body["body"];
        match self.path.as_str() {
            "/request" => body["messages"].as_array().unwrap().iter().collect(),
            _ => body["choices"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| &c["message"])
                .collect(),
        }
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        self.messages()
            .into_iter()
            .map(|m| m["content"].as_str().unwrap())
            .collect()
    }
}

pub(super) struct Webhook {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Question>>>,
    count: watch::Receiver<usize>,
    mood: Arc<watch::Sender<Mood>>,
    task: tokio::task::JoinHandle<()>,
}

impl Webhook {
    pub(super) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (counter, count) = watch::channel(0);
        let mood = Arc::new(watch::channel(mood).0);
        let (seen, moods, counter) = (asked.clone(), mood.clone(), Arc::new(counter));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, moods, counter) = (seen.clone(), moods.clone(), counter.clone());
                let service = service_fn(move |request| {
                    answer(request, seen.clone(), moods.subscribe(), counter.clone())
                });
                tokio::spawn(async move {
                    let served = hyper::server::conn::http1::Builder::new();
                    let _ = served.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            address,
            asked,
            count,
            mood,
            task,
        }
    }

    /// Where nobody listens.
    pub(super) async fn down() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    }

    pub(super) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(super) fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until it was asked so often.
    pub(super) async fn was_asked(&mut self, times: usize) {
        self.count.wait_for(|count| *count >= times).await.unwrap();
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Question>>>,
    mut moods: watch::Receiver<Mood>,
    counter: Arc<watch::Sender<usize>>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let question = Question {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body,
    };
    seen.lock().unwrap().push(question.clone());
    counter.send_modify(|count| *count += 1);
    // Who is silent speaks when told something else.
    let mood = *moods.wait_for(|mood| *mood != Mood::Silent).await.unwrap();
    let action = match mood {
        Mood::Cut => return Err("cut"),
        Mood::Say(status, text) => {
            let mut response = Response::new(Full::new(Bytes::from(text)));
            *response.status_mut() = status.try_into().unwrap();
            return Ok(response);
        }
        Mood::Ramble => json!({"reason": "x".repeat(8 << 20)}),
        Mood::Reject(what, status, message)
            if question.texts().iter().any(|t| t.contains(what)) =>
        {
            json!({"body": message, "status_code": status, "reason": "reject"})
        }
        Mood::Mask(old, new) => {
            let mut body = question.body["body"].clone();
            let list = if question.path == "/request" {
                "messages"
            } else {
                "choices"
            };
            for one in body[list].as_array_mut().unwrap() {
                let message = if question.path == "/request" {
                    one
                } else {
                    &mut one["message"]
                };
                message["content"] = message["content"]
                    .as_str()
                    .unwrap()
                    .replace(old, new)
                    .into();
            }
            json!({"body": body, "reason": "mask"})
        }
        Mood::Pass | Mood::Reject(..) | Mood::Silent => json!({"reason": null}),
    };
    Ok(Response::new(Full::new(Bytes::from(
        json!({"action": action}).to_string(),
    ))))
}
