//! Tokens used, as reported: Anthropic's, whose input leaves the cached parts out.

use crate::usage::fields::{Creation, Usage, UsageFields};

pub(crate) fn usage(w: &UsageFields) -> Usage {
    {
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
}
