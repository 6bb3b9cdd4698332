//! Wire formats and what can be asked in them.

pub(crate) mod anthropic;
pub mod bedrock;
pub mod chat;
pub(crate) mod cohere;
pub(crate) mod completions;
pub(crate) mod gemini;
mod native;
pub(crate) mod responses;
mod signature;

use std::fmt;

pub(crate) use native::NativeTools;

/// The shape of requests, answers and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// OpenAI's, with all its surfaces.
    OpenAi,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
    /// Amazon Bedrock's Converse. No client speaks it.
    Bedrock,
    /// Cohere's chat. No client speaks it.
    Cohere,
}

impl Format {
    /// Every format that clients may speak.
    pub const ALL: [Format; 3] = [Format::OpenAi, Format::Anthropic, Format::Gemini];

    /// As metrics, logs and paths spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::OpenAi => "openai",
            Format::Anthropic => "anthropic",
            Format::Gemini => "gemini",
            Format::Bedrock => "bedrock",
            Format::Cohere => "cohere",
        }
    }

    /// Position in [`Format::ALL`], for those in it.
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A conversation: chat completions, messages, generateContent.
    Chat,
    /// OpenAI's older text completions.
    Completions,
    /// OpenAI's Responses.
    Responses,
    /// Vectors of texts.
    Embeddings,
    /// Counts the tokens of a prompt.
    CountTokens,
    /// The list of models.
    Models,
    /// OpenAI's images and audio, passed through as they are, multipart included.
    Media,
}

impl Operation {
    /// Number of operations, for tables by operation.
    pub const COUNT: usize = 7;

    /// As logs spell it; the names of OpenTelemetry's `gen_ai.operation.name` where it has one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::Chat => "chat",
            Operation::Completions => "text_completion",
            Operation::Responses => "responses",
            Operation::Embeddings => "embeddings",
            Operation::CountTokens => "count_tokens",
            Operation::Models => "models",
            Operation::Media => "media",
        }
    }

    /// Whether the answer may be a stream of server-sent events.
    pub const fn streams(self) -> bool {
        matches!(
            self,
            Operation::Chat | Operation::Completions | Operation::Responses
        )
    }

    /// Whether the body is JSON that the gateway reads.
    pub const fn has_json_body(self) -> bool {
        !matches!(self, Operation::Models | Operation::Media)
    }
}
