//! Tokens used, as each format reports them.

pub(crate) mod fields;
pub(crate) mod totals;

pub use fields::Usage;

use crate::Format;
use crate::dialect;

/// The field of an answer that holds its usage.
pub fn field(format: Format) -> &'static str {
    dialect::family(format).usage_field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(format: Format, pieces: &[&str]) -> Usage {
        let mut tally = totals::Totals::default();
        pieces.iter().for_each(|p| tally.update(p.as_bytes()));
        tally.usage(dialect::family(format).usage)
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
