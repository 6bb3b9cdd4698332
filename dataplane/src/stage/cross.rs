//! A request whose provider speaks another wire than its caller.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use sluice_llm::answer::Context;
use sluice_llm::dropped::Dropped;
use sluice_llm::embeddings::{self, Vectors};
use sluice_llm::json::{Draft, Invalid, Object};
use sluice_llm::request::{self, Target};
use sluice_llm::{Operation, Wire};
use sluice_vocab::ErrorCode;

use super::ask::{Asked, AskedBody, malformed};
use crate::random;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::Leaf;

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
    /// Set for vectors of texts.
    pub(crate) embeddings: Option<embeddings::Asked>,
}

/// Writes the provider's request.
pub(crate) fn request(
    asked: Asked<'_>,
    (client, provider): (Wire, Wire),
    model: &str,
    leaf: &Leaf,
    dropped: &mut Dropped,
    record: &Record,
) -> Result<(Bytes, Box<Crossing>), Rejected> {
    let AskedBody::Json(draft) = asked.body else {
        return Err(Rejection::new(
            Stage::Translate,
            ErrorCode::NotTranslatable,
            "a form can't be translated into another format",
        ));
    };
    let operation = asked.surface.operation;
    let bytes = draft.finish().concat();
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Rejection::new(
            Stage::Translate,
            ErrorCode::InvalidJson,
            "the body is not UTF-8",
        )
    })?;
    let mut conversation = request::decode(client, text, dropped).map_err(refuse)?;
    conversation.model = model.into();
    conversation.stream = asked.stream;
    let target = Target {
        wire: provider,
        provider: leaf.provider,
        operation,
    };
    let mut body: Bytes = request::encode(&conversation, &target, dropped)
        .map_err(refuse)?
        .into();
    if let Some(name) = leaf
        .provider
        .deployment(&leaf.settings, provider.operation())
    {
        let mut draft = Draft::new(Object::scan(body).map_err(malformed)?);
        draft
            .set("model", sluice_llm::json::quote(name))
            .map_err(malformed)?;
        body = draft.finish().concat();
    }
    let named = asked.model.unwrap_or_else(|| model.to_owned());
    let context = context(named, conversation.include_usage, record);
    let stream = asked.stream;
    let crossing = Crossing {
        provider,
        client,
        operation,
        stream,
        context,
        embeddings: None,
    };
    Ok((body, Box::new(crossing)))
}

/// Writes a provider's request for vectors of texts.
pub(crate) fn embeddings(
    asked: Asked<'_>,
    vectors: Vectors,
    model: &str,
    dropped: &mut Dropped,
    record: &Record,
) -> Result<(Bytes, Box<Crossing>), Rejected> {
    let AskedBody::Json(draft) = asked.body else {
        return Err(Rejection::new(
            Stage::Translate,
            ErrorCode::NotTranslatable,
            "a form can't be translated into another format",
        ));
    };
    let client = asked.surface.format;
    let bytes = draft.finish().concat();
    let text = String::from_utf8_lossy(&bytes);
    let wanted = embeddings::decode(client, &text, dropped).map_err(refuse)?;
    let body = embeddings::encode(vectors, &wanted, model, dropped).map_err(refuse)?;
    let named = asked.model.unwrap_or_else(|| model.to_owned());
    let crossing = Crossing {
        provider: Wire::Chat,
        client: Wire::Chat,
        operation: Operation::Embeddings,
        stream: false,
        context: context(named, false, record),
        embeddings: Some(wanted.asked(client, vectors)),
    };
    Ok((body.into(), Box::new(crossing)))
}

fn context(model: String, include_usage: bool, record: &Record) -> Context {
    Context {
        now: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs(),
        seed: random::number(),
        model,
        include_usage,
        request_id: record.id_str().to_owned(),
    }
}

fn refuse(invalid: Invalid) -> Rejected {
    Rejection::new(
        Stage::Translate,
        ErrorCode::NotTranslatable,
        invalid.to_string(),
    )
}

/// Takes out the headers of the caller's format.
pub(crate) fn clean(headers: &mut HeaderMap) {
    let foreign: Vec<_> = headers
        .keys()
        .filter(|name| {
            ["anthropic-", "openai-", "x-goog-"]
                .iter()
                .any(|p| name.as_str().starts_with(p))
        })
        .cloned()
        .collect();
    for name in foreign {
        headers.remove(name);
    }
}

/// Says in the answer's head what was dropped.
pub(crate) fn mark(dropped: &Dropped, headers: &mut HeaderMap) {
    if let Some(value) = dropped
        .header()
        .and_then(|text| HeaderValue::try_from(text).ok())
    {
        headers.insert(DROPPED_HEADER, value);
    }
}

impl Crossing {
    /// What the provider was asked for, in its own words.
    pub(crate) fn sent(&self) -> Operation {
        match self.operation {
            Operation::CountTokens | Operation::Embeddings => self.operation,
            _ => self.provider.operation(),
        }
    }
}
