//! Tokens used, as reported: Gemini's, whose candidates leave the thoughts out, and whose prompt the results of tools.

use crate::usage::fields::{Usage, UsageFields};

pub(crate) fn usage(w: &UsageFields) -> Usage {
    Usage {
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
    }
}
