//! Which rule takes the request, and which of its backends.

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use sluice_vocab::ErrorType;

use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Destination, Matched, Redirect, Route, Table};

pub(crate) fn find<'t>(table: &'t Table, port: u16, parts: &Parts) -> Result<Matched<'t>, Rejected> {
    table.ports.get(&port).and_then(|matcher| matcher.find(host(parts), parts)).ok_or_else(|| {
        let text = format!("no route takes {} {}", parts.method, parts.uri.path());
        Rejection::new(Stage::Match, ErrorType::InvalidRequest, StatusCode::NOT_FOUND, text).code("not_found")
    })
}

/// The host that was called: HTTP/2's authority, or the header.
pub(crate) fn host(parts: &Parts) -> &str {
    let header = || parts.headers.get(header::HOST).and_then(|h| h.to_str().ok());
    parts.uri.authority().map(|a| a.as_str()).or_else(header).unwrap_or("")
}

/// A backend by weight. `random` is any number.
pub(crate) fn destination(route: &Route, random: u64) -> Result<&Destination, Rejected> {
    let nothing = || Rejection::internal(Stage::Match, "this route has no backend");
    let (sum, last) = route.backends.last().ok_or_else(nothing)?;
    if route.backends.len() == 1 {
        return Ok(last);
    }
    let ticket = (random % u64::from((*sum).max(1))) as u32;
    route.backends.iter().find(|(upto, _)| ticket < *upto).map(|(_, d)| d).ok_or_else(nothing)
}

/// The answer of a RequestRedirect filter (Gateway API, HTTPRequestRedirectFilter).
pub(crate) fn redirect(
    redirect: &Redirect,
    parts: &Parts,
    taken: usize,
) -> Result<Response<bytes::Bytes>, Rejected> {
    let scheme = redirect.scheme.as_deref().or(parts.uri.scheme_str()).unwrap_or("http");
    let called = host(parts);
    let (name, own_port) = match called.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, port.parse().ok())
        }
        _ => (called, None),
    };
    let name = redirect.hostname.as_deref().unwrap_or(name);
    let own_port: Option<u16> = if redirect.scheme.is_some() { None } else { own_port };
    let port = redirect.port.or(own_port).filter(|p| !matches!((scheme, p), ("http", 80) | ("https", 443)));
    let path = parts.uri.path();
    let path =
        redirect.path.as_ref().map_or_else(|| path.to_owned(), |edit| edit.apply(path, &path[..taken]));
    let query = parts.uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    let port = port.map(|p| format!(":{p}")).unwrap_or_default();
    let location = HeaderValue::try_from(format!("{scheme}://{name}{port}{path}{query}"))
        .map_err(|_| Rejection::invalid(Stage::Match, "the redirect's location would not be valid"))?;
    let mut response = Response::new(bytes::Bytes::new());
    *response.status_mut() = redirect.status;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
