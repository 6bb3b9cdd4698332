//! Takes the table once, and gives the request its id.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::request::Parts;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use sluice_vocab::request_id;

use super::path;
use super::read::Unread;
use crate::connection::Connection;
use crate::random;
use crate::record::{REQUEST_ID, Record};
use crate::table::Table;

/// A request, and the table that it goes by for its whole life.
pub(crate) struct Admission {
    pub(crate) parts: Parts,
    pub(crate) body: Unread,
    pub(crate) table: Arc<Table>,
}

pub(crate) fn admit(connection: &Connection, request: Request<Incoming>) -> (Admission, Record) {
    let (mut parts, body) = request.into_parts();
    if let Some(uri) = path::normalised(&parts.uri) {
        parts.uri = uri;
    }
    let given = parts
        .headers
        .get(REQUEST_ID)
        .filter(|id| request_id::is_acceptable(id.as_bytes()));
    let id = given.cloned().unwrap_or_else(make_id);
    let mut record = Record::begin(
        connection.gateway.shared.clone(),
        connection.party.clone(),
        id,
    );
    record.format = sluice_llm::surface::parse(parts.uri.path()).map(|s| s.format());
    (
        Admission {
            parts,
            body: Unread::new(body),
            table: connection.gateway.live.load_full(),
        },
        record,
    )
}

fn make_id() -> HeaderValue {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    HeaderValue::try_from(request_id::make(now.as_secs(), random::number()))
        .unwrap_or_else(|_| HeaderValue::from_static("req"))
}
