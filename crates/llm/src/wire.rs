//! How a conversation looks on the wire. A [`Format`] may have several: OpenAI's has three.

use crate::surface::Surface;
use crate::{Format, Operation};

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

    /// The wire of a client's request; `None` for what is no conversation.
    pub fn of(format: Format, operation: Operation) -> Option<Wire> {
        Some(match (format, operation) {
            (Format::OpenAi, Operation::Chat) => Wire::Chat,
            (Format::OpenAi, Operation::Responses) => Wire::Responses,
            (Format::OpenAi, Operation::Completions) => Wire::Completions,
            (Format::Anthropic, Operation::Chat | Operation::CountTokens) => Wire::Messages,
            (Format::Gemini, Operation::Chat | Operation::CountTokens) => Wire::Generate,
            _ => return None,
        })
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

    /// What is asked for in it.
    pub const fn operation(self) -> Operation {
        match self {
            Wire::Chat | Wire::Messages | Wire::Generate | Wire::Converse | Wire::Cohere => {
                Operation::Chat
            }
            Wire::Responses => Operation::Responses,
            Wire::Completions => Operation::Completions,
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

    /// The surface of a provider that speaks it.
    pub const fn surface(self, operation: Operation) -> Surface<'static> {
        let rest = match (self, operation) {
            (Wire::Chat, _) => "chat/completions",
            (Wire::Responses, _) => "responses",
            (Wire::Completions, _) => "completions",
            (Wire::Messages, Operation::CountTokens) => "messages/count_tokens",
            (Wire::Messages, _) => "messages",
            (Wire::Generate | Wire::Converse, _) => "",
            (Wire::Cohere, _) => "chat",
        };
        Surface {
            format: self.format(),
            operation,
            model: None,
            stream: None,
            rest,
        }
    }
}
