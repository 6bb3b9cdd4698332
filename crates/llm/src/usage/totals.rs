//! Usage as it comes.

use super::fields::{Usage, UsageFields};

/// Usage as it arrives, in pieces that replace each other: totals are cumulative in every format, so they are never added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    fields: UsageFields,
}

impl Totals {
    /// Takes the JSON object of a `usage` or `usageMetadata` field. What it doesn't say keeps its value.
    pub(crate) fn update(&mut self, json: &[u8]) {
        let Ok(new) = serde_json::from_slice::<UsageFields>(json) else {
            return;
        };
        macro_rules! take {
            ($($field:ident),+) => { $(if new.$field.is_some() { self.fields.$field = new.$field; })+ };
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
        self.fields.input_tokens = self.fields.input_tokens.max(new.input_tokens);
        self.fields.cache_read_input_tokens = self
            .fields
            .cache_read_input_tokens
            .max(new.cache_read_input_tokens);
        self.fields.cache_creation_input_tokens = self
            .fields
            .cache_creation_input_tokens
            .max(new.cache_creation_input_tokens);
        if let Some(new) = new.cache_creation {
            self.fields.cache_creation =
                Some(self.fields.cache_creation.map_or(new, |old| old.max(new)));
        }
    }

    /// What is known so far, as a format counts.
    pub(crate) fn usage(&self, count: fn(&UsageFields) -> Usage) -> Usage {
        count(&self.fields)
    }
}
