//! Tokens used, as reported: Cohere's.

use crate::usage::fields::{Usage, UsageFields};

pub(crate) fn usage(w: &UsageFields) -> Usage {
    {
        let pair = w.tokens.or(w.billed_units).unwrap_or_default();
        Usage {
            input: pair.input_tokens,
            cached: w.cached_tokens,
            output: pair.output_tokens,
            ..Usage::default()
        }
    }
}
