//! Tokens used, as each format reports them.

use serde::Deserialize;

use crate::Format;

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

/// Usage as it arrives, in pieces that replace each other: totals are cumulative in every format, so they are never added.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    wire: Wire,
}

/// The union of the fields of all formats; each format uses its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Wire {
    // OpenAI chat, completions and embeddings.
    #[serde(deserialize_with = "count")]
    prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    #[serde(deserialize_with = "count")]
    prompt_cache_hit_tokens: Option<u64>,
    // OpenAI Responses and Anthropic.
    #[serde(deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    output_tokens: Option<u64>,
    input_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
    #[serde(deserialize_with = "count")]
    cache_read_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<Creation>,
    // Gemini.
    #[serde(rename = "promptTokenCount")]
    #[serde(deserialize_with = "count")]
    prompt_token_count: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    #[serde(deserialize_with = "count")]
    candidates_token_count: Option<u64>,
    #[serde(rename = "thoughtsTokenCount")]
    #[serde(deserialize_with = "count")]
    thoughts_token_count: Option<u64>,
    #[serde(rename = "cachedContentTokenCount")]
    #[serde(deserialize_with = "count")]
    cached_content_token_count: Option<u64>,
    #[serde(rename = "toolUsePromptTokenCount")]
    #[serde(deserialize_with = "count")]
    tool_use_prompt_token_count: Option<u64>,
    // Cohere: what the model read and wrote, what is billed of it, and what the cache had part in.
    tokens: Option<Pair>,
    billed_units: Option<Pair>,
    #[serde(deserialize_with = "count")]
    cached_tokens: Option<u64>,
}

/// Anthropic's writes to the cache, by how long they are kept.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Creation {
    #[serde(deserialize_with = "count")]
    ephemeral_5m_input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    ephemeral_1h_input_tokens: Option<u64>,
}

impl Creation {
    /// The larger of both, count by count.
    fn max(self, other: Self) -> Self {
        Self {
            ephemeral_5m_input_tokens: self
                .ephemeral_5m_input_tokens
                .max(other.ephemeral_5m_input_tokens),
            ephemeral_1h_input_tokens: self
                .ephemeral_1h_input_tokens
                .max(other.ephemeral_1h_input_tokens),
        }
    }

    fn sum(self) -> Option<u64> {
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
struct Pair {
    #[serde(deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    output_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(deserialize_with = "count")]
    cached_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    cache_write_tokens: Option<u64>,
    #[serde(deserialize_with = "count")]
    reasoning_tokens: Option<u64>,
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

impl Totals {
    /// Takes the JSON object of a `usage` or `usageMetadata` field. What it doesn't say keeps its value.
    pub fn update(&mut self, json: &[u8]) {
        let Ok(new) = serde_json::from_slice::<Wire>(json) else {
            return;
        };
        macro_rules! take {
            ($($field:ident),+) => { $(if new.$field.is_some() { self.wire.$field = new.$field; })+ };
        }
        take!(
            prompt_tokens,
            completion_tokens,
            prompt_tokens_details,
            completion_tokens_details,
            prompt_cache_hit_tokens
        );
        take!(output_tokens, input_tokens_details, output_tokens_details);
        take!(
            prompt_token_count,
            candidates_token_count,
            thoughts_token_count,
            cached_content_token_count
        );
        take!(
            tool_use_prompt_token_count,
            tokens,
            billed_units,
            cached_tokens
        );
        // Anthropic's last event may say 0 where the first said how many.
        self.wire.input_tokens = self.wire.input_tokens.max(new.input_tokens);
        self.wire.cache_read_input_tokens = self
            .wire
            .cache_read_input_tokens
            .max(new.cache_read_input_tokens);
        self.wire.cache_creation_input_tokens = self
            .wire
            .cache_creation_input_tokens
            .max(new.cache_creation_input_tokens);
        if let Some(new) = new.cache_creation {
            self.wire.cache_creation =
                Some(self.wire.cache_creation.map_or(new, |old| old.max(new)));
        }
    }

    /// What is known so far.
    pub fn usage(&self, format: Format) -> Usage {
        let w = &self.wire;
        match format {
            Format::OpenAi | Format::Bedrock => Usage {
                input: w.prompt_tokens.or(w.input_tokens),
                cached: w
                    .prompt_tokens_details
                    .or(w.input_tokens_details)
                    .and_then(|d| d.cached_tokens)
                    .or(w.prompt_cache_hit_tokens),
                cache_write: w
                    .prompt_tokens_details
                    .or(w.input_tokens_details)
                    .and_then(|d| d.cache_write_tokens),
                cache_write_hour: None,
                output: w.completion_tokens.or(w.output_tokens),
                reasoning: w
                    .completion_tokens_details
                    .or(w.output_tokens_details)
                    .and_then(|d| d.reasoning_tokens),
            },
            // Anthropic's input_tokens leaves the cached parts out.
            Format::Anthropic => {
                let written = w
                    .cache_creation_input_tokens
                    .or_else(|| w.cache_creation.and_then(Creation::sum));
                Usage {
                    input: w.input_tokens.map(|n| {
                        n.saturating_add(w.cache_read_input_tokens.unwrap_or(0))
                            .saturating_add(written.unwrap_or(0))
                    }),
                    cached: w.cache_read_input_tokens,
                    cache_write: written,
                    cache_write_hour: w.cache_creation.and_then(|c| c.ephemeral_1h_input_tokens),
                    output: w.output_tokens,
                    reasoning: None,
                }
            }
            Format::Cohere => {
                let pair = w.tokens.or(w.billed_units).unwrap_or_default();
                Usage {
                    input: pair.input_tokens,
                    cached: w.cached_tokens,
                    output: pair.output_tokens,
                    ..Usage::default()
                }
            }
            // Gemini's candidates leave the thoughts out, and its prompt the results of tools.
            Format::Gemini => Usage {
                input: w
                    .prompt_token_count
                    .map(|n| n.saturating_add(w.tool_use_prompt_token_count.unwrap_or(0))),
                cached: w.cached_content_token_count,
                cache_write: None,
                cache_write_hour: None,
                output: match (w.candidates_token_count, w.thoughts_token_count) {
                    (None, None) => None,
                    (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
                },
                reasoning: w.thoughts_token_count,
            },
        }
    }
}

/// The field of an answer that holds its usage.
pub const fn field(format: Format) -> &'static str {
    match format {
        Format::OpenAi | Format::Anthropic | Format::Bedrock | Format::Cohere => "usage",
        Format::Gemini => "usageMetadata",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(format: Format, pieces: &[&str]) -> Usage {
        let mut tally = Totals::default();
        pieces.iter().for_each(|p| tally.update(p.as_bytes()));
        tally.usage(format)
    }

    #[test]
    fn openai_counts_cached_and_reasoning_inside() {
        let usage = tally(
            Format::OpenAi,
            &[
                r#"{"prompt_tokens":10,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5}}"#,
            ],
        );
        assert_eq!(
            usage,
            Usage {
                input: Some(10),
                cached: Some(4),
                cache_write: None,
                cache_write_hour: None,
                output: Some(7),
                reasoning: Some(5)
            }
        );
    }

    #[test]
    fn anthropic_start_and_delta_replace_each_other() {
        let usage = tally(
            Format::Anthropic,
            &[
                r#"{"input_tokens":3,"cache_read_input_tokens":20,"output_tokens":1}"#,
                r#"{"output_tokens":9}"#,
            ],
        );
        assert_eq!(
            (usage.input, usage.cached, usage.output),
            (Some(23), Some(20), Some(9))
        );
    }

    #[test]
    fn anthropic_s_writes_to_the_cache_are_told_apart_by_how_long_they_are_kept() {
        let usage = tally(
            Format::Anthropic,
            &[
                r#"{"input_tokens":3,"cache_creation_input_tokens":150,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":50}}"#,
                r#"{"output_tokens":9,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}}"#,
            ],
        );
        assert_eq!(
            (usage.input, usage.cache_write, usage.cache_write_hour),
            (Some(153), Some(150), Some(50))
        );
        let apart = tally(
            Format::Anthropic,
            &[r#"{"input_tokens":3,"cache_creation":{"ephemeral_1h_input_tokens":50}}"#],
        );
        assert_eq!((apart.input, apart.cache_write), (Some(53), Some(50)));
    }

    #[test]
    fn gemini_is_cumulative_and_adds_thoughts() {
        let usage = tally(
            Format::Gemini,
            &[
                r#"{"promptTokenCount":5,"candidatesTokenCount":1}"#,
                r#"{"promptTokenCount":5,"candidatesTokenCount":4,"thoughtsTokenCount":6}"#,
            ],
        );
        assert_eq!(
            (usage.input, usage.output, usage.reasoning),
            (Some(5), Some(10), Some(6))
        );
    }

    #[test]
    fn cohere_counts_with_a_point_and_bills_less_than_it_reads() {
        let usage = tally(
            Format::Cohere,
            &[
                r#"{"billed_units":{"input_tokens":5,"output_tokens":4.0},"tokens":{"input_tokens":71.0,"output_tokens":6.0},"cached_tokens":64.0}"#,
            ],
        );
        assert_eq!(
            (usage.input, usage.cached, usage.output),
            (Some(71), Some(64), Some(6))
        );
        let billed = tally(Format::Cohere, &[r#"{"billed_units":{"input_tokens":5}}"#]);
        assert_eq!((billed.input, billed.output), (Some(5), None));
    }

    #[test]
    fn nonsense_changes_nothing() {
        assert!(
            !tally(
                Format::OpenAi,
                &["null", "[]", "{\"prompt_tokens\":\"x\"}", ""]
            )
            .is_known()
        );
    }
}
