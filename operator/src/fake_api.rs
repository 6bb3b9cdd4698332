//! An API server without a socket, for tests: objects in memory, and a script of what goes wrong.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;
use tonic::codegen::Service;

/// What happens to a call instead of what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// An error, as a `Status`.
    Code(u16),
    /// Too many requests, in plain text, as a server says that has no time for more.
    Busy { retry_after: u64 },
    /// No answer, ever.
    Hang,
}

/// A call that came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) at: tokio::time::Instant,
}

struct Rule {
    method: Method,
    /// The end of the path.
    path: String,
    trouble: Trouble,
    times: usize,
}

#[derive(Default)]
struct State {
    /// By path.
    objects: BTreeMap<String, Value>,
    rules: Vec<Rule>,
    calls: Vec<Call>,
    version: u64,
}

/// The server. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct FakeApi {
    state: Arc<Mutex<State>>,
    count: watch::Sender<usize>,
}

type Whole = UnsyncBoxBody<Bytes, Infallible>;

impl FakeApi {
    /// A client of it. Must be called within a runtime.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.clone(), "default")
    }

    /// Puts an object there.
    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut state = self.lock();
        state.version += 1;
        object["metadata"]["resourceVersion"] = state.version.to_string().into();
        state.objects.insert(path.to_owned(), object);
    }

    /// The object, if it is there.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.lock().objects.get(path).cloned()
    }

    /// So many calls whose path ends so come to something else.
    pub(crate) fn trouble(&self, method: Method, path: &str, trouble: Trouble, times: usize) {
        self.lock().rules.push(Rule {
            method,
            path: path.to_owned(),
            trouble,
            times,
        });
    }

    /// Calls of a method that came so far, in order.
    pub(crate) fn calls(&self, method: &Method) -> Vec<Call> {
        let state = self.lock();
        let calls = state.calls.iter().filter(|c| c.method == *method);
        calls.cloned().collect()
    }

    /// Returns when so many calls of a method have come.
    pub(crate) async fn called(&self, method: &Method, count: usize) -> Vec<Call> {
        let mut changes = self.count.subscribe();
        loop {
            let calls = self.calls(method);
            if calls.len() >= count {
                return calls;
            }
            changes.changed().await.unwrap();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self, request: Request<Body>) -> Response<Whole> {
        let (parts, body) = request.into_parts();
        let bytes = body.collect_bytes().await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let (path, method) = (parts.uri.path().to_owned(), parts.method);
        let trouble = self.note(&method, &path, &body);
        self.count.send_modify(|count| *count += 1);
        match trouble {
            Some(Trouble::Hang) => std::future::pending().await,
            Some(Trouble::Code(code)) => failure(code),
            Some(Trouble::Busy { retry_after }) => Response::builder()
                .status(429)
                .header("retry-after", retry_after)
                .body(Full::from("Too many requests").boxed_unsync())
                .unwrap(),
            None if parts.uri.query().is_some_and(|q| q.contains("watch=true")) => Response::new(
                BodyExt::boxed_unsync(StreamBody::new(futures_util::stream::pending())),
            ),
            None => self.lock().act(&method, &path, &body),
        }
    }

    fn note(&self, method: &Method, path: &str, body: &Value) -> Option<Trouble> {
        let mut state = self.lock();
        state.calls.push(Call {
            method: method.clone(),
            path: path.to_owned(),
            body: body.clone(),
            at: tokio::time::Instant::now(),
        });
        let rule = state
            .rules
            .iter_mut()
            .find(|r| r.times > 0 && r.method == *method && path.ends_with(&r.path))?;
        rule.times -= 1;
        Some(rule.trouble)
    }
}

impl State {
    fn act(&mut self, method: &Method, path: &str, body: &Value) -> Response<Whole> {
        let path = path.strip_suffix("/status").unwrap_or(path);
        match *method {
            Method::GET => match self.objects.get(path) {
                Some(object) => success(object),
                None => self.list(path),
            },
            Method::DELETE => match self.objects.remove(path) {
                Some(object) => success(&object),
                None => failure(404),
            },
            Method::PATCH => self.merge(path, body),
            Method::POST => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                let path = format!("{path}/{name}");
                if self.objects.contains_key(&path) {
                    return failure(409);
                }
                self.store(&path, body.clone())
            }
            Method::PUT => {
                let there = self
                    .objects
                    .get(path)
                    .map(|o| &o["metadata"]["resourceVersion"]);
                match there {
                    None => failure(404),
                    Some(version) if *version == body["metadata"]["resourceVersion"] => {
                        self.store(path, body.clone())
                    }
                    Some(_) => failure(409),
                }
            }
            _ => failure(405),
        }
    }

    fn list(&self, path: &str) -> Response<Whole> {
        let plural = path.rsplit('/').next().unwrap_or_default();
        if !plural.ends_with('s') || path.contains("/namespaces/") {
            return failure(404);
        }
        let group = &path[..path.len() - plural.len()];
        let is_of = |at: &str| {
            let mut parts = at.rsplit('/');
            at.starts_with(group) && parts.nth(1) == Some(plural)
        };
        let items: Vec<&Value> = self
            .objects
            .iter()
            .filter(|(at, _)| is_of(at))
            .map(|(_, object)| object)
            .collect();
        let version = self.version.to_string();
        success(
            &json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items}),
        )
    }

    fn merge(&mut self, path: &str, patch: &Value) -> Response<Whole> {
        let mut object = match self.objects.get(path) {
            Some(object) => object.clone(),
            None if patch["metadata"].get("uid").is_some() => return failure(404),
            None => json!({"metadata": {"uid": path, "generation": 1}}),
        };
        for field in ["uid", "resourceVersion"] {
            let expected = &patch["metadata"][field];
            if !expected.is_null() && *expected != object["metadata"][field] {
                return failure(409);
            }
        }
        overlay(&mut object, patch);
        self.store(path, object)
    }

    fn store(&mut self, path: &str, mut object: Value) -> Response<Whole> {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(path.to_owned(), object.clone());
        success(&object)
    }
}

fn overlay(object: &mut Value, patch: &Value) {
    match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => {
            for (key, value) in patch {
                overlay(object.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (object, patch) => *object = patch.clone(),
    }
}

fn success(object: &Value) -> Response<Whole> {
    Response::new(Full::from(object.to_string()).boxed_unsync())
}

fn failure(code: u16) -> Response<Whole> {
    let reason = match code {
        404 => "NotFound",
        409 => "Conflict",
        _ => "InternalError",
    };
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "as the script says",
        "reason": reason,
        "code": code,
    });
    let mut response = success(&status);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap();
    response
}

impl Service<Request<Body>> for FakeApi {
    type Response = Response<Whole>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Whole>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move { Ok(api.answer(request).await) })
    }
}
