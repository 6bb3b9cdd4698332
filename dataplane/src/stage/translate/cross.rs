//! A request whose provider speaks another wire than its caller.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderValue;
use sluice_llm::answer::Context;
use sluice_llm::dropped::Dropped;
use sluice_llm::embeddings::{self, Vectors};
use sluice_llm::flow::{Crossing, Hints};
use sluice_llm::json::{Draft, Invalid, Object};
use sluice_llm::request::{self, Target};
use sluice_llm::{Operation, Wire};
use sluice_vocab::ErrorCode;

use crate::random;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::ask::{Asked, AskedBody, malformed};
use crate::table::Leaf;

/// A request to be written anew for a target.
pub(super) struct Crossed<'c> {
    pub(super) asked: &'c Asked<'c>,
    /// The model to send.
    pub(super) model: &'c str,
    pub(super) leaf: &'c Leaf,
    /// The request's id.
    pub(super) id: &'c HeaderValue,
}

impl Crossed<'_> {
    /// A conversation, from one wire to another.
    pub(super) fn conversation(
        &self,
        (client, provider): (Wire, Wire),
        dropped: &mut Dropped,
    ) -> Result<(Bytes, Crossing), Rejected> {
        let (asked, leaf) = (self.asked, self.leaf);
        let bytes = self.body()?;
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            let text = "the body is not UTF-8";
            Rejection::new(Stage::Translate, ErrorCode::InvalidJson, text)
        })?;
        let mut conversation = request::decode(client, text, dropped).map_err(refuse)?;
        conversation.model = self.model.into();
        conversation.stream = asked.stream;
        let target = Target {
            wire: provider,
            provider: leaf.provider,
            operation: asked.surface.operation,
        };
        let body = request::encode(&conversation, &target, dropped).map_err(refuse)?;
        let mut body = Bytes::from(body);
        if let Some(name) = leaf.provider.deployment(&leaf.settings, provider) {
            let mut draft = Draft::new(Object::scan(body).map_err(malformed)?);
            let name = sluice_llm::json::quote(name);
            draft.set("model", name).map_err(malformed)?;
            body = draft.finish().concat();
        }
        let crossing = Crossing {
            provider,
            client,
            operation: asked.surface.operation,
            stream: asked.stream,
            context: self.context(self.model, conversation.include_usage),
            embeddings: None,
            hints: Hints::default(),
        };
        Ok((body, crossing))
    }

    /// Vectors of texts.
    pub(super) fn vectors(
        &self,
        vectors: Vectors,
        dropped: &mut Dropped,
    ) -> Result<(Bytes, Crossing), Rejected> {
        let client = self.asked.surface.format();
        let bytes = self.body()?;
        let text = String::from_utf8_lossy(&bytes);
        let wanted = embeddings::decode(client, &text, dropped).map_err(refuse)?;
        let leaf = self.leaf;
        let named = leaf
            .provider
            .deployment(&leaf.settings, self.asked.surface.wire)
            .unwrap_or(self.model);
        let body = embeddings::encode(vectors, &wanted, named, dropped).map_err(refuse)?;
        let crossing = Crossing {
            provider: Wire::first_of(leaf.provider.format),
            client: Wire::first_of(client),
            operation: Operation::Embeddings,
            stream: false,
            context: self.context(named, false),
            embeddings: Some(wanted.asked(client, vectors)),
            hints: Hints::default(),
        };
        Ok((body.into(), crossing))
    }

    /// The body as the caller's format has it, with what the route has added.
    fn body(&self) -> Result<Bytes, Rejected> {
        match &self.asked.body {
            AskedBody::Json(draft) => Ok(draft.finish().concat()),
            AskedBody::Form(..) => {
                let text = "a form can't be translated into another format";
                Err(Rejection::new(
                    Stage::Translate,
                    ErrorCode::NotTranslatable,
                    text,
                ))
            }
        }
    }

    fn context(&self, model: &str, include_usage: bool) -> Context {
        Context {
            now: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
            seed: random::number(),
            model: self.asked.model.clone().unwrap_or_else(|| model.to_owned()),
            include_usage,
            request_id: self.id.to_str().unwrap_or("").to_owned(),
        }
    }
}

fn refuse(invalid: Invalid) -> Rejected {
    let text = invalid.to_string();
    Rejection::new(Stage::Translate, ErrorCode::NotTranslatable, text)
}
