//! Requests to Services: streamed, never read.

use http::request::Parts;
use http::{HeaderValue, Request, Uri, header};
use hyper::body::{Body as _, Incoming};
use sluice_llm::json::Segments;

use super::find::host;
use crate::client::Outgoing;
use crate::connection::Connection;
use crate::table::Route;

/// The request as a Service gets it.
pub(crate) fn request(
    mut parts: Parts,
    body: Option<Incoming>,
    route: &Route,
    taken: usize,
    connection: &Connection,
) -> Request<Outgoing> {
    let original = HeaderValue::from_str(host(&parts)).ok();
    let address = connection.peer.ip().to_canonical().to_string();
    let before = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|v| v.to_str().ok());
    let chain = before
        .chain([address.as_str()])
        .collect::<Vec<_>>()
        .join(", ");
    if let Ok(value) = HeaderValue::try_from(chain) {
        parts.headers.insert("x-forwarded-for", value);
    }
    if let Some(host) = original {
        parts
            .headers
            .entry("x-forwarded-host")
            .or_insert(host.clone());
        // By which the route was found, whatever the header says beside it (RFC 9112, section 3.2.2).
        parts.headers.insert(header::HOST, host);
    }
    parts
        .headers
        .entry("x-forwarded-proto")
        .or_insert(HeaderValue::from_static(connection.scheme()));
    let path = parts.uri.path();
    let path = match route.rewrite.as_ref().and_then(|r| r.path.as_ref()) {
        Some(edit) => edit.apply(path, &path[..taken]),
        None => path.to_owned(),
    };
    let query = parts
        .uri
        .query()
        .map(|q| format!("?{q}"))
        .unwrap_or_default();
    parts.uri = format!("{path}{query}")
        .parse()
        .unwrap_or_else(|_| Uri::from_static("/"));
    if let Some(name) = route.rewrite.as_ref().and_then(|r| r.hostname.clone()) {
        parts.headers.insert(header::HOST, name);
    }
    let body = body
        .filter(|b| !b.is_end_stream())
        .map_or_else(|| Outgoing::Read(Segments::default()), Outgoing::Stream);
    Request::from_parts(parts, body)
}
