//! Whose words a wire is in.

use std::fmt;

/// A vendor's family of wires: they share errors, lists of models and the way in which tokens are counted.
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
