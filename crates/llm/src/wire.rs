//! How a conversation looks on the wire. A [`Format`] may have several: OpenAI's has three.

use crate::Format;

/// The shape of a conversation, of its answer and of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wire {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// OpenAI's older text completions.
    Completions,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's generateContent.
    Generate,
    /// Amazon Bedrock's Converse, which no client speaks.
    Converse,
    /// Cohere's chat, which no client speaks.
    Cohere,
}

impl Wire {
    /// Every one.
    pub const ALL: [Wire; 7] = [
        Wire::Chat,
        Wire::Responses,
        Wire::Completions,
        Wire::Messages,
        Wire::Generate,
        Wire::Converse,
        Wire::Cohere,
    ];

    /// Number of wires, for tables by wire.
    pub const COUNT: usize = Self::ALL.len();

    /// The first wire of a format: where something else than a conversation is asked for, it stands for all of them.
    pub const fn first_of(format: Format) -> Wire {
        match format {
            Format::OpenAi => Wire::Chat,
            Format::Anthropic => Wire::Messages,
            Format::Gemini => Wire::Generate,
            Format::Bedrock => Wire::Converse,
            Format::Cohere => Wire::Cohere,
        }
    }

    /// Whose format it is.
    pub const fn format(self) -> Format {
        match self {
            Wire::Chat | Wire::Responses | Wire::Completions => Format::OpenAi,
            Wire::Messages => Format::Anthropic,
            Wire::Generate => Format::Gemini,
            Wire::Converse => Format::Bedrock,
            Wire::Cohere => Format::Cohere,
        }
    }

    /// As documents and tests spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Wire::Chat => "chat",
            Wire::Responses => "responses",
            Wire::Completions => "completions",
            Wire::Messages => "anthropic",
            Wire::Generate => "gemini",
            Wire::Converse => "bedrock",
            Wire::Cohere => "cohere",
        }
    }
}
