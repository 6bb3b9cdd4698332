//! Vectors of texts: OpenAI's embeddings and Google's embedContent as clients ask for them, and what providers have in their place.

mod answer;
mod request;

use std::borrow::Cow;

pub use answer::answer;
pub use request::{decode, encode};

use crate::provider::Provider;
use crate::surface::found::Surface;
use crate::{Format, Operation, Wire};

/// How a provider is asked for vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vectors {
    /// OpenAI's `/embeddings`.
    OpenAi,
    /// The Gemini API's `embedContent` and `batchEmbedContents`.
    Google,
    /// Vertex AI's `predict`.
    Predict,
    /// Cohere's `/v2/embed`.
    Cohere,
    /// Cohere's models on Bedrock, by `InvokeModel`.
    InvokeCohere,
    /// Amazon's Titan models on Bedrock, by `InvokeModel`: one text at a time.
    InvokeTitan,
}

impl Vectors {
    /// Every way.
    pub const ALL: [Vectors; 6] = [
        Vectors::OpenAi,
        Vectors::Google,
        Vectors::Predict,
        Vectors::Cohere,
        Vectors::InvokeCohere,
        Vectors::InvokeTitan,
    ];

    /// What a provider has for a model; `None` where it has no vectors, or none that this version knows.
    pub fn of(provider: &Provider, model: &str) -> Option<Vectors> {
        match provider.format {
            Format::OpenAi => Some(Vectors::OpenAi),
            Format::Gemini if provider.name == "vertexAi" => Some(Vectors::Predict),
            Format::Gemini => Some(Vectors::Google),
            Format::Cohere => Some(Vectors::Cohere),
            Format::Bedrock if model.contains("titan-embed") => Some(Vectors::InvokeTitan),
            Format::Bedrock if model.contains("cohere.embed") => Some(Vectors::InvokeCohere),
            Format::Bedrock | Format::Anthropic => None,
        }
    }

    /// Whether a caller of that format asks in the very same way.
    pub fn is_of(self, client: Format) -> bool {
        matches!(
            (self, client),
            (Vectors::OpenAi, Format::OpenAi) | (Vectors::Google, Format::Gemini)
        )
    }

    /// The surface of a provider that has it.
    pub const fn surface(self) -> Surface<'static> {
        let (format, rest) = match self {
            Vectors::OpenAi => (Format::OpenAi, "embeddings"),
            Vectors::Google => (Format::Gemini, "batchEmbedContents"),
            Vectors::Predict => (Format::Gemini, "predict"),
            Vectors::Cohere => (Format::Cohere, "embed"),
            Vectors::InvokeCohere | Vectors::InvokeTitan => (Format::Bedrock, "invoke"),
        };
        Surface {
            wire: Wire::first_of(format),
            operation: Operation::Embeddings,
            model: None,
            stream: None,
            rest,
        }
    }
}

/// What is asked, whatever its format.
#[derive(Debug)]
pub struct Request<'a> {
    /// The texts.
    pub texts: Vec<Cow<'a, str>>,
    /// How many numbers a vector has.
    pub dimensions: Option<u64>,
    /// What the vectors are for, in the caller's word.
    pub purpose: Option<Purpose<'a>>,
    /// Whether vectors come as base64 of their bytes (OpenAI's `encoding_format`).
    pub base64: bool,
    /// Whether several were asked for, so that the answer is a list (Google's `batchEmbedContents`).
    pub batch: bool,
}

/// What vectors are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// Google's `taskType`, such as `RETRIEVAL_QUERY`.
    Task(Cow<'a, str>),
    /// Cohere's `input_type`, such as `search_query`, which callers of OpenAI's format may add.
    Input(Cow<'a, str>),
}

/// What of the request the answer depends on.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The caller's format.
    pub client: Format,
    /// How the provider was asked.
    pub vectors: Vectors,
    /// As in [`Request`].
    pub base64: bool,
    /// As in [`Request`].
    pub batch: bool,
}

impl Request<'_> {
    /// What the answer depends on.
    pub fn asked(&self, client: Format, vectors: Vectors) -> Asked {
        Asked {
            client,
            vectors,
            base64: self.base64,
            batch: self.batch,
        }
    }
}

#[cfg(test)]
mod tests;
