//! What a request asks of a model, whatever format it came in. Texts and schemas are borrowed from the caller's bytes.

mod param;
mod part;

use std::borrow::Cow;

pub use param::{Effort, Output, Param, Reasoning, ToolChoice};
pub use part::{Cache, Content, Media, Message, Part, Role, Source, ToolCall, ToolResult};
use serde_json::Number;
use serde_json::value::RawValue;

use crate::dialect::openai::responses::opened;
use crate::wire::Wire;

/// A request.
#[derive(Debug, Clone)]
pub struct Conversation<'a> {
    /// What it came in; fields that can't be carried are named as it names them.
    pub wire: Wire,
    /// The model, as it is to be sent.
    pub model: Cow<'a, str>,
    /// Whether the answer comes in events.
    pub stream: bool,
    /// Whether the caller wants the usage in an event of its own (OpenAI's `stream_options.include_usage`).
    pub include_usage: bool,
    /// Instructions before the first message.
    pub system: Vec<Part<'a>>,
    /// The turns.
    pub messages: Vec<Message<'a>>,
    /// Functions that the model may call.
    pub tools: Vec<Tool<'a>>,
    /// Whether it must call one.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether it may call several at once.
    pub parallel_tools: Option<bool>,
    /// Shape of the answer.
    pub output: Output<'a>,
    /// How hard to think.
    pub reasoning: Option<Reasoning>,
    /// The most tokens of the answer.
    pub max_tokens: Option<u64>,
    /// Randomness.
    pub temperature: Option<Number>,
    /// Nucleus sampling.
    pub top_p: Option<Number>,
    /// Sampling among so many tokens.
    pub top_k: Option<Number>,
    /// Texts to stop before.
    pub stop: Vec<Cow<'a, str>>,
    /// For answers that repeat.
    pub seed: Option<Number>,
    /// Against what was said at all.
    pub presence_penalty: Option<Number>,
    /// Against what was said often.
    pub frequency_penalty: Option<Number>,
    /// How many answers.
    pub choices: Option<u64>,
    /// Log probabilities, and of how many alternatives.
    pub logprobs: Option<u64>,
    /// Who asks, for the provider's abuse detection.
    pub user: Option<Cow<'a, str>>,
    /// Parameters that only OpenAI's formats share, by OpenAI's name.
    pub extras: Vec<(&'static str, &'a RawValue)>,
}

/// A function that the model may call.
#[derive(Debug, Clone)]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What it does.
    pub description: Option<Cow<'a, str>>,
    /// JSON schema of its arguments.
    pub schema: Option<Cow<'a, str>>,
    /// Whether arguments must follow the schema.
    pub strict: Option<bool>,
    /// Whether the prompt is cached up to here.
    pub cache: Option<Cache>,
}

impl Part<'_> {
    /// Text without a letter is refused, and says nothing.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(&self.content, Content::Text(text) if text.trim().is_empty())
    }

    /// A thought without a proof that other providers than OpenAI might take.
    pub(crate) fn is_unproven(&self) -> bool {
        match &self.content {
            Content::Reasoning { signature, .. } => {
                signature.as_deref().is_none_or(|s| opened(s).is_some())
            }
            _ => false,
        }
    }
}

impl<'a> Conversation<'a> {
    /// All instructions, those between the messages behind those before them; blank ones are left out.
    pub(crate) fn instructions(&self) -> Vec<&Part<'a>> {
        let later = self
            .messages
            .iter()
            .filter(|m| m.role == Role::System)
            .flat_map(|m| &m.parts);
        self.system
            .iter()
            .chain(later)
            .filter(|p| !p.is_blank())
            .collect()
    }

    /// The messages without instructions and blanks, turns in a row by one speaker as one.
    pub(crate) fn turns(&self) -> Vec<(Role, Vec<&Part<'a>>)> {
        let mut turns: Vec<(Role, Vec<&Part<'a>>)> = Vec::with_capacity(self.messages.len());
        for message in self.messages.iter().filter(|m| m.role != Role::System) {
            let parts = message.parts.iter().filter(|p| !p.is_blank());
            match turns.last_mut() {
                Some((role, all)) if *role == message.role => all.extend(parts),
                _ => turns.push((message.role, parts.collect())),
            }
        }
        turns
    }

    /// One that says nothing yet.
    pub fn new(wire: Wire) -> Self {
        Self {
            wire,
            model: Cow::Borrowed(""),
            stream: false,
            include_usage: false,
            system: Vec::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            parallel_tools: None,
            output: Output::Text,
            reasoning: None,
            max_tokens: None,
            temperature: None,
            top_p: None,
            top_k: None,
            stop: Vec::new(),
            seed: None,
            presence_penalty: None,
            frequency_penalty: None,
            choices: None,
            logprobs: None,
            user: None,
            extras: Vec::new(),
        }
    }

    /// Adds parts to the last message of that role, or as a new one: several formats refuse two of one role in a row.
    pub(crate) fn push(&mut self, role: Role, parts: Vec<Part<'a>>) {
        match self.messages.last_mut() {
            Some(last) if last.role == role && role != Role::System => last.parts.extend(parts),
            _ => self.messages.push(Message { role, parts }),
        }
    }

    /// The name of the function that a result answers: the result's own, else that of the last call with its id.
    pub fn called_name<'s>(&'s self, result: &'s ToolResult<'_>, before: usize) -> Option<&'s str> {
        if let Some(name) = &result.name {
            return Some(name);
        }
        let messages = self.messages.get(..before)?;
        messages
            .iter()
            .rev()
            .flat_map(|m| m.parts.iter().rev())
            .find_map(|part| match &part.content {
                Content::ToolCall(call) if call.id == result.id => Some(&*call.name),
                _ => None,
            })
    }
}
