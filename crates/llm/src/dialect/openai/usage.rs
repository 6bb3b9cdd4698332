//! Tokens used, as reported: OpenAI's.

use crate::usage::fields::{Usage, UsageFields};

pub(crate) fn usage(w: &UsageFields) -> Usage {
    Usage {
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
    }
}
