//! The story of a request.

use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Method, Request, Response, header};
use hyper::body::Incoming;
use sluice_vocab::ErrorCode;

use crate::body::Body;
use crate::connection::Connection;
use crate::random;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::{
    admit, ask, authn, convert, credential, enrich, find, forward, guard, models, read, relay,
    resolve, send, status, translate,
};
use crate::table::{Destination, Matched};

/// Answers one request; never fails and never panics.
pub(crate) async fn handle(connection: &Connection, request: Request<Incoming>) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    let (admission, mut record) = admit::admit(connection, request);
    let told = AssertUnwindSafe(tell(connection, admission, &mut record))
        .catch_unwind()
        .await;
    match told {
        Ok(Ok(Answer::Relay(reply))) => relay::relay(*reply, record).map(Body::Relay),
        Ok(Ok(Answer::Ready(response))) => record.answer(response).map(Body::full),
        Ok(Err(rejection)) => refusal(record.reject(&rejection), is_head),
        Err(_) => {
            connection.gateway.shared.metrics.panics.inc();
            let rejection = Rejection::new(
                Stage::Internal,
                ErrorCode::InternalError,
                "the gateway failed on this request",
            );
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

/// What a request comes to.
enum Answer {
    /// Made here.
    Ready(Response<Bytes>),
    /// An upstream's.
    Relay(Box<send::Reply>),
}

async fn tell(
    connection: &Connection,
    admission: admit::Admission,
    record: &mut Record,
) -> Result<Answer, Rejected> {
    let shared = &connection.gateway.shared;
    if let Some(response) = status::answer(shared, &admission) {
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
        return Ok(Answer::Ready(find::redirect(
            redirect, connection, &parts, taken,
        )?));
    }
    record.caller = authn::authn(&route.plan, &mut parts)?;
    // Before anything is added, so that a caller can't have it taken out.
    let upgrade = parts.headers.get(header::UPGRADE).cloned();
    translate::remove_hop_by_hop(&mut parts.headers);
    route.request_headers.apply(&mut parts.headers);
    let backend = find::backend(route, random::number())?;
    backend.request_headers.apply(&mut parts.headers);
    let node = match &backend.destination {
        Destination::Ai(node) => node,
        Destination::Service(pool) => {
            let outbound = forward::request(parts, body.take(), route, taken, connection);
            let timeout = route
                .plan
                .timeout
                .unwrap_or(shared.settings.request_timeout);
            let reply = send::service(shared, pool, connection.worker, outbound, timeout).await?;
            return Ok(Answer::Relay(Box::new(
                reply.with_headers(&route.response_headers),
            )));
        }
        Destination::Invalid(why) => {
            let text = "this route has no valid backend";
            return Err(
                Rejection::new(Stage::Match, ErrorCode::InvalidBackend, text).detail(&**why),
            );
        }
    };
    // The path outlives the head, which becomes the upstream's.
    let path = parts.uri.clone();
    let wanted = ask::wanted(&path, taken, &parts, upgrade.as_ref(), record)?;
    if let Some(response) = models::answer(node, wanted.as_ref())? {
        return Ok(Answer::Ready(response));
    }
    let (bytes, mut share) = read::read(shared, &mut parts.headers, body).await?;
    let mut asked = ask::read(wanted, bytes, &parts, route, record)?;
    let resolution = resolve::resolve(shared, node, &asked, record)?;
    guard::request(
        &route.plan,
        &mut asked,
        &parts.headers,
        connection.worker,
        record,
    )
    .await?;
    let about = guard::about(&route.plan, &parts.headers, connection.worker, record);
    let asked = enrich::enrich(&route.plan, &parts.headers, asked, record)?;
    let credential = credential::credential(resolution.leaf, &parts, record).await?;
    let outbound = translate::translate(
        parts,
        credential,
        asked,
        &resolution,
        &route.plan,
        &mut share,
        record,
    )?;
    let timeout = route
        .plan
        .timeout
        .unwrap_or(shared.settings.request_timeout);
    let reply = send::send(
        shared,
        resolution.leaf,
        connection.worker,
        outbound,
        timeout,
    )
    .await?;
    drop(share);
    let reply = guard::attend(
        &route.plan,
        about,
        reply.with_headers(&route.response_headers),
    )?;
    Ok(match convert::convert(reply, record).await? {
        convert::Converted::Relay(reply) => match guard::answer(*reply, record).await? {
            guard::Guarded::Relay(reply) => Answer::Relay(reply),
            guard::Guarded::Ready(response) => Answer::Ready(response),
        },
        convert::Converted::Ready(response) => Answer::Ready(response),
    })
}
