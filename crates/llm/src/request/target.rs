//! What the rooms need to write a request for somebody.

use crate::conversation::{Conversation, Param};
use crate::dropped::Dropped;
use crate::json::Invalid;
use crate::provider::Provider;
use crate::{Format, Operation, Wire};

/// Whom a request is written for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'t> {
    /// What it speaks.
    pub wire: Wire,
    /// Who it is.
    pub provider: &'t Provider,
    /// What is asked: to answer, or to count the tokens.
    pub operation: Operation,
}

impl Target<'_> {
    /// The refusal of something that this provider can't be given.
    pub(crate) fn refuse(&self, path: impl Into<String>, what: &str) -> Invalid {
        Invalid::new(
            path,
            format!("{} can't be given {what}", self.provider.name),
        )
    }

    /// Whether the model stands in the body.
    pub(crate) fn names_model(&self) -> bool {
        !self.provider.quirks.model_in_path
            || self.provider.format == Format::OpenAi
            || self.operation == Operation::CountTokens
    }
}

/// Notes the parameters that a format lacks, where the caller set them to something.
pub(crate) fn note(c: &Conversation<'_>, dropped: &mut Dropped, lacking: &[Param]) {
    for param in lacking {
        let is_set = match param {
            Param::MaxTokens => c.max_tokens.is_some(),
            Param::Temperature => c.temperature.is_some(),
            Param::TopP => c.top_p.is_some(),
            Param::TopK => c.top_k.is_some(),
            Param::Stop => !c.stop.is_empty(),
            Param::Seed => c.seed.is_some(),
            Param::PresencePenalty => c
                .presence_penalty
                .as_ref()
                .and_then(|n| n.as_f64())
                .is_some_and(|n| n != 0.0),
            Param::FrequencyPenalty => c
                .frequency_penalty
                .as_ref()
                .and_then(|n| n.as_f64())
                .is_some_and(|n| n != 0.0),
            Param::Choices => c.choices.is_some_and(|n| n != 1),
            Param::Logprobs => c.logprobs.is_some(),
            Param::ParallelTools => c.parallel_tools == Some(false) && !c.tools.is_empty(),
            Param::Strict => c.tools.iter().any(|t| t.strict == Some(true)),
            Param::User => c.user.is_some(),
            Param::Reasoning => c.reasoning.is_some_and(|r| !r.is_off()),
            Param::Cache => has_cache(c),
            Param::ToolChoice
            | Param::Output
            | Param::ReasoningHistory
            | Param::IsError
            | Param::SystemOrder => false,
        };
        if is_set {
            dropped.add(param.name(c.wire));
        }
    }
}

fn has_cache(c: &Conversation<'_>) -> bool {
    let messages = c.messages.iter().flat_map(|m| &m.parts);
    c.tools.iter().any(|t| t.cache.is_some())
        || c.system.iter().chain(messages).any(|p| p.cache.is_some())
}

/// Notes every parameter of OpenAI's that goes no further.
pub(crate) fn note_extras(c: &Conversation<'_>, dropped: &mut Dropped) {
    c.extras
        .iter()
        .for_each(|(name, _)| dropped.add(extra_name(c.wire, name)));
}

/// What the caller calls it.
pub(crate) fn extra_name(wire: Wire, name: &'static str) -> &'static str {
    match (wire, name) {
        (Wire::Responses, "verbosity") => "text.verbosity",
        _ => name,
    }
}
