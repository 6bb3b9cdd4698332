//! The server: accepts, records, and plays what the formats answer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::{collections::VecDeque, mem};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode, Version, request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::fault::{Fault, FaultError};
use crate::play::{Play, Reset};
use crate::record::{Counts, Recorded, Recorder, Ticket};
use crate::reply::{Call, Content, Refusal, Reply};
use crate::route::{Format, Verb, route};
use crate::wire::Wire;
use crate::{anthropic, gemini, openai, script};

/// How a mock is set up.
#[derive(Clone, Debug)]
pub struct MockOptions {
    /// Where to listen; port 0 takes a free one.
    pub addr: String,
    /// The fault of every request that doesn't ask for one of its own.
    pub fault: Fault,
    /// The only credential taken. Without one, any that doesn't begin with `invalid`.
    pub api_key: Option<String>,
    /// Answer `/v1/...` as Mistral: unknown fields are a 422. (`/mistral/v1/...` always does.)
    pub strict_mistral: bool,
    /// How many requests are kept; 0 keeps none.
    pub keep: usize,
}

impl Default for MockOptions {
    fn default() -> Self {
        Self {
            addr: "127.0.0.1:0".to_owned(),
            fault: Fault::default(),
            api_key: None,
            strict_mistral: false,
            keep: 10_000,
        }
    }
}

/// Why a mock could not start.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// The address can't be listened on.
    #[error("mock can't listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: String,
        /// The reason.
        source: io::Error,
    },
}

/// A running mock. Dropped, it stops.
#[derive(Debug)]
pub struct Mock {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    options: MockOptions,
    recorder: Arc<Recorder>,
    faults: Mutex<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    default: Fault,
    next: VecDeque<Fault>,
}

// === impl Mock ===

impl Mock {
    /// Starts a mock on the runtime it is called from.
    pub async fn start(options: MockOptions) -> Result<Self, MockError> {
        let listen_error = |source| MockError::Listen { addr: options.addr.clone(), source };
        let listener = TcpListener::bind(&options.addr).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        let shared = Arc::new(Shared {
            recorder: Arc::new(Recorder::new(options.keep)),
            faults: Mutex::new(Faults { default: options.fault.clone(), next: VecDeque::new() }),
            options,
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { addr, shared, accepting })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.recorder.all()
    }

    /// Forgets the requests so far; the counts go on.
    pub fn clear(&self) {
        self.shared.recorder.clear();
    }

    /// How many requests there were.
    pub fn counts(&self) -> Counts {
        self.shared.recorder.counts()
    }

    /// Waits until this many request heads have arrived.
    pub async fn received(&self, count: u64) {
        self.until(|c| c.received >= count).await;
    }

    /// Waits until this many clients have gone away before their answer was whole.
    pub async fn cancelled(&self, count: u64) {
        self.until(|c| c.cancelled >= count).await;
    }

    /// Waits until the counts satisfy a condition.
    pub async fn until(&self, condition: impl FnMut(&Counts) -> bool) {
        self.shared.recorder.until(condition).await;
    }

    /// Sets the fault of every request that doesn't ask for one of its own.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.faults().default = fault;
    }

    /// Adds a fault for one coming request; they are taken in order.
    pub fn fault_next(&self, fault: Fault) {
        self.shared.faults().next.push_back(fault);
    }

    /// Closes the listener and every connection.
    pub async fn shutdown(mut self) {
        self.accepting.abort();
        // It ends by being cancelled.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

// === impl Shared ===

impl Shared {
    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, head: &request::Parts, model: Option<&str>) -> Result<Fault, FaultError> {
        if let Some(asked) = head.headers.get("x-mock-fault") {
            return asked.to_str().unwrap_or("?").parse();
        }
        let mut faults = self.faults();
        if let Some(next) = faults.next.pop_front() {
            return Ok(next);
        }
        Ok(model.and_then(Fault::of_model).unwrap_or_else(|| faults.default.clone()))
    }
}

/// Connections live in the accepting task's set, so that aborting it ends them all.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve(stream, shared.clone())); }
                // Out of descriptors or the like: other tasks have to run before it can be better.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let reset = Reset::default();
    let wire = TokioIo::new(Wire::new(stream, reset.clone()));
    let service = service_fn(move |request| {
        let (shared, reset) = (shared.clone(), reset.clone());
        async move { Ok::<_, Infallible>(respond(&shared, reset, request).await) }
    });
    // How a connection ends is seen in the record.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(wire, service).await;
}

async fn respond(shared: &Shared, reset: Reset, request: Request<Incoming>) -> Response<Play> {
    let (head, body) = request.into_parts();
    // HTTP/2 resets the one stream by itself.
    let reset = if head.version == Version::HTTP_2 { Reset::default() } else { reset };
    let ticket = shared.recorder.begin(&head);
    let Ok(body) = body.collect().await.map(|b| b.to_bytes()) else {
        // The client broke off its request; the ticket says so, and nobody reads this answer.
        return response(plain(StatusCode::BAD_REQUEST, "body"), None, &Fault::default(), reset, ticket);
    };
    ticket.body(&body);
    let target = route(&head.method, head.uri.path(), &head.headers);
    let path_model = target.as_ref().ok().and_then(|t| t.model.clone());
    let model = path_model.clone().or_else(|| model_in(&body));
    let fault = match shared.fault(&head, model.as_deref()) {
        Ok(fault) => fault,
        Err(e) => {
            let refused = plain(StatusCode::BAD_REQUEST, &format!("x-mock-fault: {e}\n"));
            return response(refused, None, &Fault::default(), reset, ticket);
        }
    };
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    let (format, verb) = match target {
        Ok(t) if t.format == Format::OpenAi && shared.options.strict_mistral => {
            (Format::Mistral, Some(t.verb))
        }
        Ok(t) => (t.format, Some(t.verb)),
        Err(format) => (format, None),
    };
    let call = Call {
        format,
        verb: verb.clone().unwrap_or(Verb::Models(None)),
        path_model,
        headers: &head.headers,
        query: head.uri.query().unwrap_or_default(),
        body: &body,
        fault: &fault,
        number: ticket.number,
        key: shared.options.api_key.as_deref(),
    };
    let reply = if verb.is_some() { reply(&call) } else { not_found(&call, &head) };
    response(reply, model.as_deref(), &fault, reset, ticket)
}

fn not_found(call: &Call<'_>, head: &request::Parts) -> Reply {
    refuse(call, &Refusal::NoRoute(format!("{} {}", head.method, head.uri.path())))
}

fn reply(call: &Call<'_>) -> Reply {
    if call.fault.html502 {
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
            <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
        return Reply::whole(StatusCode::BAD_GATEWAY, "text/html", page);
    }
    let status = call.fault.status.and_then(|s| StatusCode::from_u16(s).ok());
    let answered = match call.format {
        Format::OpenAi | Format::Azure | Format::Mistral => openai::authorize(call)
            .and_then(|()| status.map_or(Ok(()), |s| Err(Refusal::Status(s))))
            .and_then(|()| openai::answer(call)),
        Format::Anthropic => anthropic::authorize(call)
            .and_then(|()| status.map_or(Ok(()), |s| Err(Refusal::Status(s))))
            .and_then(|()| anthropic::answer(call)),
        Format::Gemini | Format::Vertex => gemini::authorize(call)
            .and_then(|()| status.map_or(Ok(()), |s| Err(Refusal::Status(s))))
            .and_then(|()| gemini::answer(call)),
    };
    answered.unwrap_or_else(|refusal| refuse(call, &refusal))
}

fn refuse(call: &Call<'_>, refusal: &Refusal) -> Reply {
    match call.format {
        Format::OpenAi | Format::Azure | Format::Mistral => openai::refuse(call, refusal),
        Format::Anthropic => anthropic::refuse(call, refusal),
        Format::Gemini | Format::Vertex => gemini::refuse(call, refusal),
    }
}

fn response(
    mut reply: Reply,
    model: Option<&str>,
    fault: &Fault,
    reset: Reset,
    ticket: Ticket,
) -> Response<Play> {
    let headers = &mut reply.headers;
    let set = |name: &'static str, value: &str, headers: &mut http::HeaderMap| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if let Some(model) = model {
        set("x-mock-model", model, headers);
    }
    if let Some(after) = &fault.retry_after {
        set(RETRY_AFTER.as_str(), after, headers);
    }
    let (media, steps, promised) = match reply.content {
        Content::Whole { media, bytes } => {
            let blank = if fault.comments { 3 } else { 0 };
            // A body cut in half is still promised whole; one that is garbled is not.
            let length = if fault.malformed == Some(0) { bytes.len() / 2 } else { bytes.len() } + blank;
            (media, script::whole(bytes, fault), Some(length as u64))
        }
        Content::Stream { framing, events, error } => {
            let media = match framing {
                script::Framing::Sse => "text/event-stream; charset=utf-8",
                script::Framing::Array => "application/json; charset=UTF-8",
            };
            (media, script::stream(events, error, framing, fault), None)
        }
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    let headers = mem::take(headers);
    let mut response = Response::new(Play::new(steps, promised, reset, ticket));
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}

fn plain(status: StatusCode, text: &str) -> Reply {
    Reply::whole(status, "text/plain", text.to_owned())
}

/// The model in a body, JSON or multipart.
fn model_in(body: &Bytes) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        return json["model"].as_str().map(str::to_owned);
    }
    openai::form_field(body, "model")
}
