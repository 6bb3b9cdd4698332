//! Which rule takes the request, and which of its backends.

use http::request::Parts;
use http::{HeaderValue, Method, Response, Version, header};
use sluice_vocab::ErrorCode;

use crate::connection::Connection;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Backend, Matched, NotHere, Redirect, Route, Table};

/// Refuses what two readers could understand in two ways, then matches.
pub(crate) fn find<'t>(
    table: &'t Table,
    connection: &Connection,
    parts: &Parts,
) -> Result<Matched<'t>, Rejected> {
    // Of a tunnel nothing would be seen; an echo shows what was added on the way (RFC 9110, sections 9.3.6 and 9.3.8).
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        let text = format!("this gateway takes no {}", parts.method);
        let code = ErrorCode::MethodNotAllowed;
        return Err(Rejection::new(Stage::Match, code, text));
    }
    if parts.headers.get_all(header::HOST).iter().nth(1).is_some() {
        let text = "the request has more than one Host header";
        return Err(Rejection::new(Stage::Match, ErrorCode::AmbiguousHost, text));
    }
    if has_dot_segment(parts.uri.path()) {
        return Err(Rejection::new(
            Stage::Match,
            ErrorCode::PathNotResolved,
            "the path has a segment . or .., send it resolved",
        ));
    }
    let host = host(parts);
    if parts.version == Version::HTTP_11 && host.is_empty() {
        return Err(Rejection::new(
            Stage::Match,
            ErrorCode::MissingHost,
            "the request has no Host header",
        ));
    }
    match table.routes(connection.port, connection.server_name(), host) {
        Ok(matcher) => matcher.find(host, parts).ok_or_else(|| not_found(parts)),
        Err(NotHere::UnknownHost) => Err(not_found(parts)),
        Err(NotHere::Misdirected) => Err(misdirected()),
    }
}

fn not_found(parts: &Parts) -> Rejected {
    let text = format!("no route takes {} {}", parts.method, parts.uri.path());
    Rejection::new(Stage::Match, ErrorCode::NotFound, text)
}

/// Clients that share a connection between names connect anew (RFC 9110, section 15.5.20).
fn misdirected() -> Rejected {
    let text =
        "this connection was made for another host: connect anew, for the host that is called";
    Rejection::new(Stage::Match, ErrorCode::Misdirected, text)
}

/// A route's policies hang on its path, so that a backend which resolves the path must not see another one than was matched.
fn has_dot_segment(path: &str) -> bool {
    path.contains(['.', '%', '\\'])
        && path.split(['/', '\\']).any(|segment| {
            let decoded = sluice_llm::surface::percent_decode(segment);
            decoded
                .split(['/', '\\'])
                .any(|part| matches!(part, "." | ".."))
        })
}

/// The host that was called: HTTP/2's authority, or the header.
pub(crate) fn host(parts: &Parts) -> &str {
    let header = || {
        parts
            .headers
            .get(header::HOST)
            .and_then(|h| h.to_str().ok())
    };
    parts
        .uri
        .authority()
        .map(|a| a.as_str())
        .or_else(header)
        .unwrap_or("")
}

/// A backend by weight. `random` is any number.
pub(crate) fn backend(route: &Route, random: u64) -> Result<&Backend, Rejected> {
    let nothing = || {
        Rejection::new(
            Stage::Match,
            ErrorCode::NoBackend,
            "this route has no backend",
        )
    };
    let (sum, last) = route.backends.last().ok_or_else(nothing)?;
    if route.backends.len() == 1 {
        return Ok(last);
    }
    let ticket = (random % u64::from((*sum).max(1))) as u32;
    route
        .backends
        .iter()
        .find(|(upto, _)| ticket < *upto)
        .map(|(_, d)| d)
        .ok_or_else(nothing)
}

/// The answer of a RequestRedirect filter (Gateway API, HTTPRequestRedirectFilter).
pub(crate) fn redirect(
    redirect: &Redirect,
    connection: &Connection,
    parts: &Parts,
    taken: usize,
) -> Result<Response<bytes::Bytes>, Rejected> {
    let scheme = redirect
        .scheme
        .as_deref()
        .or(parts.uri.scheme_str())
        .unwrap_or(connection.scheme());
    let called = host(parts);
    let (name, own_port) = match called.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, port.parse().ok())
        }
        _ => (called, None),
    };
    let name = redirect.hostname.as_deref().unwrap_or(name);
    let own_port: Option<u16> = if redirect.scheme.is_some() {
        None
    } else {
        own_port
    };
    let port = redirect
        .port
        .or(own_port)
        .filter(|p| !matches!((scheme, p), ("http", 80) | ("https", 443)));
    let path = parts.uri.path();
    let path = redirect
        .path
        .as_ref()
        .map_or_else(|| path.to_owned(), |edit| edit.apply(path, &path[..taken]));
    let query = parts
        .uri
        .query()
        .map(|q| format!("?{q}"))
        .unwrap_or_default();
    let port = port.map(|p| format!(":{p}")).unwrap_or_default();
    let location =
        HeaderValue::try_from(format!("{scheme}://{name}{port}{path}{query}")).map_err(|_| {
            let text = "the redirect's location would not be valid";
            Rejection::new(Stage::Match, ErrorCode::InvalidRedirect, text)
        })?;
    let mut response = Response::new(bytes::Bytes::new());
    *response.status_mut() = redirect.status;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
