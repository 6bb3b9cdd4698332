//! A request whose provider speaks another wire than its caller.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use sluice_llm::answer::Context;
use sluice_llm::dropped::Dropped;
use sluice_llm::json::Invalid;
use sluice_llm::request::{self, Target};
use sluice_llm::{Operation, Wire};

use super::ask::{Asked, AskedBody};
use crate::random;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Plan, Resolution};

/// The header that names what could not be carried.
pub(crate) const DROPPED_HEADER: &str = "x-sluice-dropped";

/// What is needed to bring the answer back.
#[derive(Debug)]
pub(crate) struct Crossing {
    /// The provider's wire.
    pub(crate) provider: Wire,
    /// The caller's wire.
    pub(crate) client: Wire,
    pub(crate) operation: Operation,
    pub(crate) stream: bool,
    pub(crate) context: Context,
    pub(crate) dropped: Dropped,
}

/// Writes the provider's request.
pub(crate) fn request(
    asked: Asked<'_>,
    (client, provider): (Wire, Wire),
    model: &str,
    resolution: &Resolution<'_>,
    plan: &Plan,
    headers: &HeaderMap,
    record: &Record,
) -> Result<(Bytes, Box<Crossing>), Rejected> {
    let leaf = resolution.leaf;
    let AskedBody::Json(draft) = asked.body else {
        return Err(Rejection::invalid(Stage::Translate, "a form can't be translated into another format"));
    };
    let operation = asked.surface.operation;
    let bytes = draft.finish().concat();
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Rejection::invalid(Stage::Translate, "the body is not UTF-8").code("invalid_json"))?;
    let mut dropped = Dropped::default();
    let mut conversation = request::decode(client, text, &mut dropped).map_err(refuse)?;
    conversation.model = model.into();
    conversation.stream = asked.stream;
    let target = Target { wire: provider, provider: leaf.provider, operation };
    let body = request::encode(&conversation, &target, &mut dropped).map_err(refuse)?;
    if client.format() != provider.format() && headers.contains_key("anthropic-beta") {
        dropped.add("anthropic-beta");
    }
    if plan.strict
        && let Some(fields) = dropped.header()
    {
        let text = format!(
            "{} can't be given these fields, and this route's fidelity is Strict: {fields}",
            leaf.provider.name
        );
        return Err(Rejection::invalid(Stage::Translate, text).code("fields_would_be_dropped"));
    }
    let context = Context {
        now: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        seed: random::number(),
        model: asked.model.unwrap_or_else(|| model.to_owned()),
        include_usage: conversation.include_usage,
        request_id: record.id_str().to_owned(),
    };
    let stream = asked.stream;
    let crossing = Crossing { provider, client, operation, stream, context, dropped };
    Ok((body.into(), Box::new(crossing)))
}

fn refuse(invalid: Invalid) -> Rejected {
    Rejection::invalid(Stage::Translate, invalid.to_string()).code("not_translatable")
}

/// Takes out the headers of the caller's format.
pub(crate) fn clean(headers: &mut HeaderMap) {
    let foreign: Vec<_> = headers
        .keys()
        .filter(|name| ["anthropic-", "openai-", "x-goog-"].iter().any(|p| name.as_str().starts_with(p)))
        .cloned()
        .collect();
    for name in foreign {
        headers.remove(name);
    }
}

impl Crossing {
    /// Says in the answer's head what was dropped.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        if let Some(value) = self.dropped.header().and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(DROPPED_HEADER, value);
        }
    }
}
