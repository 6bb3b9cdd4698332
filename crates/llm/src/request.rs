//! A request out of one wire into another.

use crate::conversation::{Conversation, Param};
use crate::dropped::Dropped;
use crate::format::{anthropic, bedrock, chat, cohere, completions, gemini, responses};
use crate::json::Invalid;
use crate::provider::Provider;
use crate::wire::Wire;
use crate::{Format, Operation};

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

/// Reads a client's request. What its format has and no other is noted at once.
pub fn decode<'a>(
    wire: Wire,
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Invalid> {
    match wire {
        Wire::Chat => chat::decode::request(body, dropped),
        Wire::Messages => anthropic::decode::request(body, dropped),
        Wire::Generate => gemini::decode::request(body, dropped),
        Wire::Responses => responses::decode::request(body, dropped),
        Wire::Completions => completions::request(body, dropped),
        Wire::Converse | Wire::Cohere => Err(Invalid::new(
            "the body",
            "is in a format that no client speaks",
        )),
    }
}

/// Writes a request for a provider. What its format has no place for is noted; what would change the meaning is refused.
pub fn encode(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    match target.wire {
        Wire::Chat => chat::encode::request(c, target, dropped),
        Wire::Messages => anthropic::encode::request(c, target, dropped),
        Wire::Generate => gemini::encode::request(c, target, dropped),
        Wire::Converse => bedrock::encode::request(c, target, dropped),
        Wire::Cohere => cohere::encode::request(c, target, dropped),
        Wire::Responses => responses::encode::request(c, target, dropped),
        // Every provider that has it has chat, too.
        Wire::Completions => Err(Invalid::new(
            "the body",
            "can't be translated into this format",
        )),
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
