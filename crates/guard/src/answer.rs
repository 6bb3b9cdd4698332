//! Guards on the texts of requests and answers, as the formats have them.

use bytes::Bytes;
use sluice_llm::json::Object;
use sluice_llm::text::{self, Keys, Kind, Masks, Part, TextError};

use super::{Chain, Guards, Hits, JsonChain, Refusal, Scope};

impl From<Kind> for Scope {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::System => Scope::System,
            Kind::User => Scope::User,
            Kind::Assistant => Scope::Assistant,
            Kind::ToolArguments => Scope::ToolArguments,
            Kind::ToolResults => Scope::ToolResults,
            Kind::Reasoning => Scope::Reasoning,
        }
    }
}

/// Guards at work on the texts of one request or answer.
#[derive(Debug)]
pub struct Looking<'g> {
    /// The guards.
    pub guards: &'g Guards,
    /// What they found so far.
    pub hits: &'g mut Hits,
}

/// A text that comes in pieces.
#[derive(Debug)]
pub enum Pieces {
    /// As it is.
    Plain(Chain),
    /// JSON, each string of which is a text.
    Json(JsonChain),
}

impl Pieces {
    /// Bytes that are held back.
    pub fn held(&self) -> usize {
        match self {
            Pieces::Plain(chain) => chain.held(),
            Pieces::Json(chain) => chain.held(),
        }
    }
}

impl Masks for Looking<'_> {
    type Text = Pieces;
    type Refusal = Refusal;

    fn begin(&self, part: Part) -> Pieces {
        let scope = part.kind.into();
        if part.json {
            Pieces::Json(JsonChain::new(self.guards, scope))
        } else {
            Pieces::Plain(self.guards.begin(scope))
        }
    }

    fn push(&mut self, text: &mut Pieces, piece: &str, out: &mut String) -> Result<(), Refusal> {
        match text {
            Pieces::Plain(chain) => chain.push(self.guards, piece, out, self.hits),
            Pieces::Json(chain) => chain.push(self.guards, piece, out, self.hits),
        }
    }

    fn finish(&mut self, text: &mut Pieces, out: &mut String) -> Result<(), Refusal> {
        match text {
            Pieces::Plain(chain) => chain.finish(self.guards, out, self.hits),
            Pieces::Json(chain) => chain.finish(self.guards, out, self.hits),
        }
    }

    fn whole(&mut self, part: Part, text: &str) -> Result<Option<String>, Refusal> {
        let scope = part.kind.into();
        if !self.guards.look_at(scope) {
            return Ok(None);
        }
        if !part.json {
            return self.guards.mask(scope, text, self.hits);
        }
        // What is no JSON is one text: nobody knows where its strings begin.
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
            && let Some(masked) = self.guards.mask(scope, text, self.hits)?
        {
            return Ok(Some(masked));
        }
        let (mut chain, mut out) = (
            JsonChain::new(self.guards, scope),
            String::with_capacity(text.len()),
        );
        chain.push(self.guards, text, &mut out, self.hits)?;
        chain.finish(self.guards, &mut out, self.hits)?;
        // Escapes may be spelled in another way, which is no change.
        let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok();
        let same = out == text
            || (text.contains('\\') && read(&out).is_some_and(|new| Some(new) == read(text)));
        Ok((!same).then_some(out))
    }
}

impl Looking<'_> {
    /// Looks at a request. Gives the fields that are to stand in it instead.
    pub fn request(&mut self, object: &Object) -> Result<Vec<(String, Bytes)>, TextError<Refusal>> {
        // Two readers could take different values of a key that stands twice. Who only watches stands in nobody's way.
        let keys = match self.guards.enforce() {
            true => Keys::Once,
            false => Keys::Any,
        };
        text::request(object, keys, &mut |part, text| self.whole(part, text))
    }

    /// Looks at a whole answer. Gives the answer when it has changed.
    pub fn answer(&mut self, body: &[u8]) -> Result<Option<Vec<u8>>, TextError<Refusal>> {
        text::answer(body, &mut |part, text| self.whole(part, text))
    }
}
