//! What can be asked for.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// To go on with a conversation, in whichever wire.
    Chat,
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
    pub const COUNT: usize = 5;

    /// As logs spell it; the names of OpenTelemetry's `gen_ai.operation.name` where it has one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::Chat => "chat",
            Operation::Embeddings => "embeddings",
            Operation::CountTokens => "count_tokens",
            Operation::Models => "models",
            Operation::Media => "media",
        }
    }

    /// Whether the answer may be a stream of server-sent events.
    pub const fn streams(self) -> bool {
        matches!(self, Operation::Chat)
    }

    /// Whether it is about a conversation, which has a wire of its own.
    pub const fn is_conversation(self) -> bool {
        matches!(self, Operation::Chat | Operation::CountTokens)
    }

    /// Whether the body is JSON that the gateway reads.
    pub const fn has_json_body(self) -> bool {
        !matches!(self, Operation::Models | Operation::Media)
    }
}
