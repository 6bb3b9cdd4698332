//! Prompts and answers that are refused or masked.
//!
//! ```text
//! Spec --compile--> Config + findings       what users write, what travels
//! Config --realise--> Guard                 patterns compiled, once per table
//! Guards::mask(scope, text)                 a text that is there as a whole
//! Guards::begin(scope) -> Chain             a text that comes in pieces: push, push, finish
//! ask                                       texts about which somebody else is asked
//! ```
//!
//! Masking a stream gives, for any text and however it is cut, what masking the whole text gives. It rests on this: a find is
//! settled as soon as no text that follows can change it, and the text before the first find that isn't can be passed on. Where
//! that is, an automaton over the patterns' prefixes says ([`prefix`], [`live`]).

mod answer;
pub mod ask;
mod builtin;
mod chain;
mod find;
mod fold;
mod hit;
mod json;
mod live;
mod lookup;
mod pattern;
mod prefix;
mod scope;
mod spec;
mod step;
mod stream;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use answer::{Looking, Pieces};
pub use ask::{Address, Ask};
pub use builtin::Builtin;
pub use chain::{Chain, Guards, Hit, Hits, Outcome, Refusal};
pub use json::JsonChain;
pub use lookup::{Alone, Lookup};
pub use pattern::{PATTERN_SIZE_LIMIT, Pattern, PatternError};
pub use scope::{Scope, Scopes};
pub use spec::{
    Action, DEFAULT_MESSAGE, DEFAULT_STATUS, Inspection, Mode, NamedPattern, RegexSpec, Spec,
};
pub use step::{MaskStep, PAGE, Unmasked, mask};
pub use stream::WINDOW;

use find::Rules;

/// What a data plane needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// For what goes to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Side>,
    /// For what comes from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Side>,
}

/// One direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Side {
    /// In the order in which they name what several of them find.
    pub rules: Vec<Rule>,
    /// Which texts are looked at.
    pub scopes: Vec<Scope>,
    /// Whether finds are only counted.
    #[serde(default)]
    pub mode: Mode,
    /// What the caller of a refused request is told.
    pub message: String,
    /// HTTP status of the refusal.
    pub status: u16,
    /// Who is asked about what the rules let pass, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<Ask>,
}

/// Which way texts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the model.
    Request,
    /// From it.
    Response,
}

/// One thing to look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// As metrics and logs have it.
    pub name: String,
    /// What becomes of it.
    pub action: Action,
    /// What it is.
    pub find: What,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// A regular expression.
    Pattern(String),
    /// A built-in recogniser.
    Builtin(Builtin),
}

/// Why text must not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refused {
    /// A rule that rejects found something.
    Rule(Arc<str>),
    /// More would have to be held back than [`WINDOW`] allows.
    TooLong,
}

/// One direction of a guard, with its patterns compiled.
#[derive(Debug)]
pub struct Guard {
    rules: Rules,
    scopes: Scopes,
    mode: Mode,
    message: Arc<str>,
    status: u16,
}

impl Guard {
    /// Compiles the patterns; an error says which of them can't be, and why.
    pub fn realise(side: &Side) -> Result<Self, String> {
        Ok(Self {
            rules: Rules::new(&side.rules)?,
            scopes: side.scopes.iter().copied().collect(),
            mode: side.mode,
            message: side.message.as_str().into(),
            status: side.status,
        })
    }

    /// The longest match of any rule, in bytes; `None` without a limit. No more is held back of a stream.
    pub fn longest(&self) -> Option<usize> {
        self.rules.longest
    }

    /// The names of its rules.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rules.named.iter().map(|rule| &rule.name)
    }
}

#[cfg(test)]
mod tests;
