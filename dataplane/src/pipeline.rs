//! The story of a request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use sluice_vocab::ErrorCode;

use crate::answer::{self, Answer};
use crate::attempt::Attempt;
use crate::body::Body;
use crate::budget::Share;
use crate::client::Pool;
use crate::connection::Connection;
use crate::random;
use crate::record::{Findings, Record};
use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::authn::Caller;
use crate::stage::read::Unread;
use crate::stage::{
    admit, ask, authn, credential, enrich, find, forward, guard, models, read, resolve, send,
    status, translate,
};
use crate::table::{Destination, Matched, Node, Route};

/// Answers one request; never fails and never panics.
pub(crate) async fn handle(connection: &Connection, request: Request<Incoming>) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    let (admission, mut record) = admit::admit(connection, request);
    let told = AssertUnwindSafe(tell(connection, admission, &mut record));
    match told.catch_unwind().await {
        Ok(Ok(Answer::Passing(opened))) => opened.pass(record).map(Body::Passing),
        Ok(Ok(Answer::Ready(response))) => record.answer(response).map(Body::full),
        Ok(Err(rejection)) => refusal(record.reject(&rejection), is_head),
        Err(_) => {
            connection.gateway.shared.metrics().panics.inc();
            let text = "the gateway failed on this request";
            let rejection = Rejection::new(Stage::Internal, ErrorCode::InternalError, text);
            refusal(record.reject(&rejection), is_head)
        }
    }
}

/// Who asked with HEAD gets no body, and must not be led to parse one.
fn refusal(mut response: Response<Bytes>, is_head: bool) -> Response<Body> {
    if is_head {
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response.map(Body::full)
}

/// A request that was let in, and where it goes.
struct Call<'c> {
    connection: &'c Connection,
    route: &'c Route,
    /// How much of the path the route's prefix took.
    taken: usize,
    caller: Caller,
    parts: Parts,
    /// The protocol that the client wants to change to.
    upgrade: Option<HeaderValue>,
    body: Unread,
}

impl Call<'_> {
    fn timeout(&self) -> Duration {
        let settings = self.connection.gateway.shared.settings();
        self.route.plan.timeout.unwrap_or(settings.request_timeout)
    }
}

async fn tell(
    connection: &Connection,
    admission: admit::Admission,
    record: &mut Record,
) -> Result<Answer, Rejected> {
    if let Some(response) = status::answer(&connection.gateway.shared, &admission) {
        record.is_status = true;
        return Ok(Answer::Ready(response));
    }
    let admit::Admission {
        mut parts,
        body,
        table,
    } = admission;
    let Matched { route, taken } = find::find(&table, connection, &parts)?;
    record.route = Some(route.label.clone());
    if record.format.is_none() {
        record.format = ask::format(&parts.uri, taken);
    }
    if let Some(redirect) = &route.redirect {
        let response = find::redirect(redirect, connection, &parts, taken)?;
        return Ok(Answer::Ready(response));
    }
    let caller = authn::authn(&route.plan, &mut parts)?;
    record.caller = caller.name().cloned();
    if let Some(party) = caller.party() {
        record.party = party.clone();
    }
    // Before anything is added, so that a caller can't have it taken out.
    let upgrade = parts.headers.get(header::UPGRADE).cloned();
    translate::remove_hop_by_hop(&mut parts.headers);
    route.request_headers.apply(&mut parts.headers);
    let backend = find::backend(route, random::number())?;
    backend.request_headers.apply(&mut parts.headers);
    let call = Call {
        connection,
        route,
        taken,
        caller,
        parts,
        upgrade,
        body,
    };
    match &backend.destination {
        Destination::Ai(node) => ask_a_model(call, node, record).await,
        Destination::Service(pool) => call_a_service(call, pool, record).await,
        Destination::Invalid(why) => {
            let text = "this route has no valid backend";
            let code = ErrorCode::InvalidBackend;
            Err(Rejection::new(Stage::Match, code, text).detail(&**why))
        }
    }
}

/// An answer of our own, which takes its memory until its client has read it.
fn held(response: Response<Bytes>, share: Share) -> Result<Response<Bytes>, Rejected> {
    let (head, body) = response.into_parts();
    let body = share.attach(body);
    let body = body.ok_or_else(|| Rejection::no_memory(Stage::Resolve))?;
    Ok(Response::from_parts(head, body))
}

async fn call_a_service(
    call: Call<'_>,
    pool: &Arc<Pool>,
    record: &Record,
) -> Result<Answer, Rejected> {
    let (connection, route, timeout) = (call.connection, call.route, call.timeout());
    let shared = &connection.gateway.shared;
    let body = call.body.take();
    let request = forward::request(call.parts, body, route, call.taken, connection);
    let mut reply = send::send(shared, pool, connection.worker, request, timeout).await?;
    route.response_headers.apply(reply.response.headers_mut());
    answer::open(reply, None, None, record, &mut Findings::default()).await
}

async fn ask_a_model(
    mut call: Call<'_>,
    node: &Node,
    record: &mut Record,
) -> Result<Answer, Rejected> {
    let (connection, route, timeout) = (call.connection, call.route, call.timeout());
    let (shared, plan) = (&connection.gateway.shared, &route.plan);
    let (engine, worker) = (&shared.engine, connection.worker);
    // The path outlives the head, which becomes the upstream's.
    let path = call.parts.uri.clone();
    let wanted = ask::wanted(&path, call.taken, &call.parts);
    record.format = wanted
        .as_ref()
        .map(|surface| surface.format())
        .or(record.format);
    let (method, upgrade) = (&call.parts.method, call.upgrade.as_ref());
    ask::check(wanted.as_ref(), &path, call.taken, method, upgrade)?;
    if let Some(response) = models::answer(node, wanted.as_ref())? {
        return held(response, record.share()).map(Answer::Ready);
    }

    let mut share = record.share();
    let headers = &mut call.parts.headers;
    let bytes = read::read(&call.caller, engine, headers, call.body, &mut share).await?;
    let headers = &call.parts.headers;
    let parsed = ask::parse(wanted.as_ref(), bytes, headers)?;
    let surface = ask::asked_surface(wanted, &parsed, headers, route)?;
    record.format = Some(surface.format());
    let asked = ask::asked(surface, parsed, route)?;
    record.model = asked.model.clone();
    record.streaming = asked.stream;

    let resolution = resolve::resolve(node, &asked)?;
    let series = resolution.series(shared.metrics(), asked.surface.format());
    record.attempt = Some(Attempt::begin(series.clone()));
    if record.model.is_none() {
        record.model = resolution.model.as_ref().map(|m| m.text.to_string());
    }
    resolve::check(&resolution, &asked)?;

    let id = record.id.clone();
    let whose = guard::Whose {
        headers,
        id: &id,
        worker,
        party: &record.party,
    };
    let unseen = enrich::fill(plan, &call.caller, headers, asked)?;
    let hits = &mut record.hits.request;
    let seen = guard::request(shared, plan, unseen, whose, &share, hits).await?;
    let looks = guard::looks(plan, whose);
    let credential = credential::credential(resolution.leaf, &call.parts, engine).await?;
    let prepared = enrich::add(plan, seen, call.parts)?;

    let writing = translate::translate(&prepared, &resolution, credential, plan, &id, &mut share);
    let outbound = writing.await?;
    if let Some(attempt) = &record.attempt {
        attempt.note_dropped(outbound.sent.dropped.paths().count());
    }
    let pool = &resolution.leaf.pool;
    let mut reply = send::send(shared, pool, worker, outbound.request, timeout).await?;
    drop((prepared, share));
    route.response_headers.apply(reply.response.headers_mut());
    let mut findings = Findings::default();
    let opened = answer::open(reply, Some(outbound.sent), looks, record, &mut findings).await;
    record.found(findings);
    opened
}
