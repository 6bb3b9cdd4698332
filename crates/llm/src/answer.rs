//! What a model answered, whatever format it came in.

use std::borrow::Cow;

use crate::conversation::Part;
use crate::event::Finish;
use crate::usage::fields::Usage;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer<'a> {
    /// The provider's id of it; may be empty.
    pub id: Cow<'a, str>,
    /// The model that answered, as the provider calls it; may be empty.
    pub model: Cow<'a, str>,
    /// Unix seconds.
    pub created: Option<u64>,
    /// As many as were asked for.
    pub choices: Vec<Choice<'a>>,
    /// Tokens used.
    pub usage: Usage,
}

/// One of the answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice<'a> {
    /// Its number.
    pub index: u32,
    /// What was said: text, reasoning, calls of functions, a refusal.
    pub parts: Vec<Part<'a>>,
    /// Why it is over.
    pub finish: Finish,
    /// The text that it stopped before.
    pub stop_sequence: Option<Cow<'a, str>>,
}

/// What an answer needs beyond what the provider said.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Unix seconds, where the provider didn't say.
    pub now: u64,
    /// Differs between answers: ids that the provider left out are made of it.
    pub seed: u64,
    /// The caller's name of the model, where the provider didn't say.
    pub model: String,
    /// Whether the caller wants the usage in an event of its own.
    pub include_usage: bool,
    /// The request's id, for errors.
    pub request_id: String,
}

impl Context {
    /// An id with this prefix.
    pub fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}", self.seed)
    }

    /// The id of a call, where the provider gave none.
    pub fn call_id(&self, choice: u32, index: u32) -> String {
        let seed = self
            .seed
            .wrapping_add(u64::from(choice) << 32)
            .wrapping_add(u64::from(index));
        format!("call_{seed:016x}")
    }
}
