//! `/health` and `/metrics` beside the traffic, for processes that run on their own.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response};

use super::admit::Admission;
use crate::gateway::Shared;

pub(crate) fn answer(shared: &Shared, admission: &Admission) -> Option<Response<bytes::Bytes>> {
    if !shared.settings().status_on_traffic || admission.parts.method != Method::GET {
        return None;
    }
    let (text, kind) = match admission.parts.uri.path() {
        "/health" => (health(admission.table.models), "application/json"),
        "/metrics" => (
            shared.metrics().encode(shared.budget().used()),
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        _ => return None,
    };
    let mut response = Response::new(text.into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Some(response)
}

fn health(models: usize) -> String {
    let now = jiff::Timestamp::now();
    format!("{{\"status\":\"healthy\",\"models\":{models},\"timestamp\":\"{now:.0}\"}}")
}
