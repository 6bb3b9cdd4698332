//! Texts about which somebody else is asked: a webhook, or a moderation service.
//!
//! ```text
//! Webhook, Moderation --compile--> Ask             what users write, what travels
//! Ask -> Asker                                     whose texts, in which mode; what a failure means
//! texts                                        taken out of a request or an answer, and put back
//! Segments                                     the same for streams, in segments
//! Asker::chosen(texts) -> indices                  what of a conversation is asked about
//! Engine::questions(texts) -> Question, ...        bodies to send
//! Engine::verdict(texts, answer) -> Verdict        what the answer means
//! Asker::judge(texts, Verdict or Failure)          what becomes of the texts
//! ```
//!
//! Whoever has sockets sends the questions; nothing here does. `docs/guard-webhook.md` is the contract.

mod asker;
mod openai;
mod segment;
mod spec;
pub mod texts;
mod webhook;

use serde::{Deserialize, Serialize};
use sluice_llm::text::Part;

pub use asker::{Asker, Failure, Stopped};
pub use segment::Segments;
pub use spec::{FailureMode, Host, Moderation, ModerationToken, OpenAiModeration, Webhook};

use super::Direction;

/// Somebody who is asked, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ask {
    /// As metrics and logs have it.
    pub name: String,
    /// In which words it is asked.
    pub engine: Engine,
    /// Where it is.
    pub address: Address,
    /// Key of the entry with the credential that it wants; none when it wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u64,
    /// What happens when none comes.
    pub failure_mode: FailureMode,
    /// Headers of the caller that it gets, lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forward_headers: Vec<String>,
    /// Why it can't be asked. The guard fails closed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// Where somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS is spoken.
    #[serde(default)]
    pub tls: bool,
    /// Whether it is reached without any proxy, as Services are.
    #[serde(default)]
    pub direct: bool,
}

/// In which words somebody is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Engine {
    /// Those of `docs/guard-webhook.md`.
    Webhook {},
    /// Those of OpenAI's moderation.
    OpenAi {
        /// The model.
        model: String,
    },
}

/// A text of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Whose it is.
    pub part: Part,
    /// The text.
    pub text: String,
    /// Of a text that comes in pieces: the end of what was passed on before.
    pub before: String,
    /// Whether it is there as a whole.
    pub whole: bool,
}

impl Text {
    /// One that is there as a whole.
    pub fn whole(part: Part, text: &str) -> Self {
        Self {
            part,
            text: text.to_owned(),
            before: String::new(),
            whole: true,
        }
    }
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Where to, with `POST`.
    pub path: &'static str,
    /// JSON.
    pub body: Vec<u8>,
    /// How many things are asked at once.
    asked: usize,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The texts may pass.
    Pass,
    /// These are to stand in their place, one for each.
    Mask(Vec<String>),
    /// None may pass.
    Reject {
        /// For the caller; the guard's own when there is none.
        message: Option<String>,
        /// HTTP status; the guard's own when there is none.
        status: Option<u16>,
    },
}

/// An answer that can't be understood, and why. Nothing of the answer is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its answer {0}")]
pub struct Misunderstood(pub &'static str);

impl Engine {
    /// The questions to ask about some texts. Each has to be answered.
    pub fn questions(&self, direction: Direction, texts: &[&Text]) -> Vec<Question> {
        match self {
            Engine::Webhook {} => vec![webhook::question(direction, texts)],
            Engine::OpenAi { model } => openai::questions(model, texts),
        }
    }

    /// What the answer to a question says about the texts.
    pub fn verdict(
        &self,
        direction: Direction,
        texts: &[&Text],
        question: &Question,
        answer: &[u8],
    ) -> Result<Verdict, Misunderstood> {
        match self {
            Engine::Webhook {} => webhook::verdict(direction, texts, answer),
            Engine::OpenAi { .. } => openai::verdict(question.asked, answer),
        }
    }
}
