//! What formats report, field by field.

use serde::Deserialize;

/// Tokens of one answer. `None` where the provider said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// All of the prompt, cached parts included.
    pub input: Option<u64>,
    /// Of the input, read from the provider's cache.
    pub cached: Option<u64>,
    /// Of the input, written to the provider's cache, for however long.
    pub cache_write: Option<u64>,
    /// Of what was written to the cache, that which is kept for an hour and costs more; the rest is kept for five minutes.
    pub cache_write_hour: Option<u64>,
    /// All of the answer, reasoning included.
    pub output: Option<u64>,
    /// Of the output, reasoning.
    pub reasoning: Option<u64>,
}

impl Usage {
    /// Whether anything is known.
    pub fn is_known(&self) -> bool {
        self.input.is_some() || self.output.is_some()
    }
}

/// The union of the fields of all formats; each format uses its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UsageFields {
    // OpenAI chat, completions and embeddings.
    #[serde(deserialize_with = "count")]
    pub(crate) prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) completion_tokens: Option<u64>,
    pub(crate) prompt_tokens_details: Option<Details>,
    pub(crate) completion_tokens_details: Option<Details>,
    #[serde(deserialize_with = "count")]
    pub(crate) prompt_cache_hit_tokens: Option<u64>,
    // OpenAI Responses and Anthropic.
    #[serde(deserialize_with = "count")]
    pub(crate) input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) output_tokens: Option<u64>,
    pub(crate) input_tokens_details: Option<Details>,
    pub(crate) output_tokens_details: Option<Details>,
    #[serde(deserialize_with = "count")]
    pub(crate) cache_read_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) cache_creation_input_tokens: Option<u64>,
    pub(crate) cache_creation: Option<Creation>,
    // Gemini.
    #[serde(rename = "promptTokenCount")]
    #[serde(deserialize_with = "count")]
    pub(crate) prompt_token_count: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    #[serde(deserialize_with = "count")]
    pub(crate) candidates_token_count: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    #[serde(deserialize_with = "count")]
    pub(crate) thoughts_token_count: Option<u64>,
    #[serde(rename = "cachedContentTokenCount")]
    #[serde(deserialize_with = "count")]
    pub(crate) cached_content_token_count: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount")]
    #[serde(deserialize_with = "count")]
    pub(crate) tool_use_prompt_token_count: Option<u64>,
    // Cohere: what the model read and wrote, what is billed of it, and what the cache had part in.
    pub(crate) tokens: Option<Pair>,
    pub(crate) billed_units: Option<Pair>,
    #[serde(deserialize_with = "count")]
    pub(crate) cached_tokens: Option<u64>,
}

/// Anthropic's writes to the cache, by how long they are kept.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Creation {
    #[serde(deserialize_with = "count")]
    pub(crate) ephemeral_5m_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) ephemeral_1h_input_tokens: Option<u64>,
}

impl Creation {
    /// The larger of both, count by count.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            ephemeral_5m_input_tokens: self
                .ephemeral_5m_input_tokens
                .max(other.ephemeral_5m_input_tokens),
            ephemeral_1h_input_tokens: self
                .ephemeral_1h_input_tokens
                .max(other.ephemeral_1h_input_tokens),
        }
    }

    pub(crate) fn sum(self) -> Option<u64> {
        match (
            self.ephemeral_5m_input_tokens,
            self.ephemeral_1h_input_tokens,
        ) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pair {
    #[serde(deserialize_with = "count")]
    pub(crate) input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) output_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Details {
    #[serde(deserialize_with = "count")]
    pub(crate) cached_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) cache_write_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub(crate) reasoning_tokens: Option<u64>,
}

/// A count, written as a whole number or as one with a point; anything else is not known.
fn count<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let value = serde_json::Value::deserialize(d)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a negative count is none, and is 0 so"
    )]
    let whole = |n: f64| n as u64;
    Ok(value.as_u64().or_else(|| value.as_f64().map(whole)))
}
