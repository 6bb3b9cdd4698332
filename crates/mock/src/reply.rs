//! What a format answers, before faults of the wire.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::check::Wrong;
use crate::fault::Fault;
use crate::route::{Format, Verb};
use crate::script::{Event, Framing};

/// One request, as the formats see it.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) format: Format,
    pub(crate) verb: Verb,
    /// The model (Azure: the deployment) in the path.
    pub(crate) path_model: Option<String>,
    pub(crate) headers: &'a HeaderMap,
    /// As it arrived.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Bytes,
    pub(crate) fault: &'a Fault,
    /// Which request of this mock it is; ids are made of it.
    pub(crate) number: u64,
    /// The only key taken, if the mock has one.
    pub(crate) key: Option<&'a str>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
}

/// An answer's body.
#[derive(Debug)]
pub(crate) enum Content {
    /// All at once.
    Whole { media: &'static str, bytes: Bytes },
    /// In events; `error` is what an in-band error looks like.
    Stream {
        framing: Framing,
        events: Vec<Event>,
        error: Event,
    },
}

/// Why a request is refused; each format words it as its provider does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such path.
    NoRoute(String),
    /// No credential in the provider's form.
    NoCredential,
    /// A credential, but the wrong one.
    WrongCredential,
    /// The request is not as the provider wants it.
    Wrong(Wrong),
    /// The status that a fault asked for.
    Status(StatusCode),
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl Call<'_> {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of an `Authorization: Bearer` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?
            .strip_prefix("Bearer ")
            .filter(|t| !t.trim().is_empty())
    }

    /// A query parameter, not decoded.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|p| p.split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v)
    }

    /// Accepts the mock's key if it has one; else anything but keys that begin with `invalid`.
    pub(crate) fn accept(&self, credential: Option<&str>) -> Result<(), Refusal> {
        let given = credential
            .filter(|c| !c.is_empty())
            .ok_or(Refusal::NoCredential)?;
        let right = self
            .key
            .map_or(!given.starts_with("invalid"), |key| key == given);
        if right {
            Ok(())
        } else {
            Err(Refusal::WrongCredential)
        }
    }
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string())
    }

    /// Any whole answer.
    pub(crate) fn whole(status: StatusCode, media: &'static str, body: impl Into<Bytes>) -> Self {
        let content = Content::Whole {
            media,
            bytes: body.into(),
        };
        Self {
            status,
            headers: HeaderMap::new(),
            content,
        }
    }

    /// A stream of events.
    pub(crate) fn stream(framing: Framing, events: Vec<Event>, error: Event) -> Self {
        let content = Content::Stream {
            framing,
            events,
            error,
        };
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            content,
        }
    }

    /// Adds a header, unless its value can't be one.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}
