//! One thing that happens in a stream, whatever format it comes in.

use std::borrow::Cow;

use sluice_vocab::ErrorType;

use crate::usage::fields::Usage;

/// Something that a provider's stream says. Texts are borrowed from its bytes where they have no escapes.
///
/// Events of one choice come in the order in which the model said them. Totals replace each other and are never added.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// The answer begins.
    Start {
        /// The provider's id of the answer; may be empty.
        id: Cow<'a, str>,
        /// The model that answers, as the provider calls it; may be empty.
        model: Cow<'a, str>,
        /// Unix seconds.
        created: Option<u64>,
    },
    /// More text.
    Text {
        /// Of which answer, where several were asked for.
        choice: u32,
        /// The text.
        text: Cow<'a, str>,
    },
    /// More of a refusal.
    Refusal {
        /// Of which answer.
        choice: u32,
        /// The text.
        text: Cow<'a, str>,
    },
    /// More of what the model thinks.
    Reasoning {
        /// Of which answer.
        choice: u32,
        /// The text.
        text: Cow<'a, str>,
    },
    /// More of what proves the reasoning before it.
    Signature {
        /// Of which answer.
        choice: u32,
        /// The proof.
        signature: Cow<'a, str>,
    },
    /// Reasoning for its provider's eyes only.
    Redacted {
        /// Of which answer.
        choice: u32,
        /// As the provider wants it back.
        data: Cow<'a, str>,
    },
    /// The model calls a function.
    ToolStart {
        /// Of which answer.
        choice: u32,
        /// The how manieth call of this answer, from 0.
        index: u32,
        /// The call's id.
        id: Cow<'a, str>,
        /// The function.
        name: Cow<'a, str>,
    },
    /// More of a call's arguments.
    ToolArguments {
        /// Of which answer.
        choice: u32,
        /// The how manieth call of this answer, from 0.
        index: u32,
        /// A piece of JSON text.
        json: Cow<'a, str>,
    },
    /// An answer is over.
    Finish {
        /// Which one.
        choice: u32,
        /// Why.
        reason: Finish,
        /// The text that it stopped before.
        stop_sequence: Option<Cow<'a, str>>,
    },
    /// Tokens used so far.
    Usage(Usage),
    /// Nothing, but the connection lives.
    Ping,
    /// It went wrong. Nothing follows.
    Error(Failure<'a>),
    /// The format's own word for a clean end.
    End,
}

/// Why an answer is over (the table of finish reasons in the documentation has every format's words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// It came to a stop sequence.
    StopSequence,
    /// It came to the limit of tokens.
    Length,
    /// It came to the end of what the model can hold.
    Context,
    /// It calls functions, and waits for their results.
    Tools,
    /// A filter, or the model itself, refused.
    Filter,
    /// The provider wants to be asked to go on.
    Pause,
    /// Something went wrong.
    Error,
}

/// What a provider says went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure<'a> {
    /// The word.
    pub kind: ErrorType,
    /// HTTP status: the answer's, or what the error stands for.
    pub status: u16,
    /// The provider's own message.
    pub message: Cow<'a, str>,
    /// The provider's own word.
    pub code: Option<Cow<'a, str>>,
    /// How long to wait, where the error itself says so.
    pub retry_after: Option<std::time::Duration>,
}

impl Failure<'_> {
    /// One that outlives the bytes it was read from.
    pub fn into_owned(self) -> Failure<'static> {
        Failure {
            message: own(self.message),
            code: self.code.map(own),
            ..self
        }
    }
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Event<'_> {
    /// One that outlives the bytes it was read from.
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Event::Start { id, model, created } => Event::Start {
                id: own(id),
                model: own(model),
                created,
            },
            Event::Text { choice, text } => Event::Text {
                choice,
                text: own(text),
            },
            Event::Refusal { choice, text } => Event::Refusal {
                choice,
                text: own(text),
            },
            Event::Reasoning { choice, text } => Event::Reasoning {
                choice,
                text: own(text),
            },
            Event::Signature { choice, signature } => Event::Signature {
                choice,
                signature: own(signature),
            },
            Event::Redacted { choice, data } => Event::Redacted {
                choice,
                data: own(data),
            },
            Event::ToolStart {
                choice,
                index,
                id,
                name,
            } => Event::ToolStart {
                choice,
                index,
                id: own(id),
                name: own(name),
            },
            Event::ToolArguments {
                choice,
                index,
                json,
            } => Event::ToolArguments {
                choice,
                index,
                json: own(json),
            },
            Event::Finish {
                choice,
                reason,
                stop_sequence,
            } => Event::Finish {
                choice,
                reason,
                stop_sequence: stop_sequence.map(own),
            },
            Event::Usage(usage) => Event::Usage(usage),
            Event::Ping => Event::Ping,
            Event::Error(failure) => Event::Error(failure.into_owned()),
            Event::End => Event::End,
        }
    }
}

/// Where events go.
pub type Sink<'s> = &'s mut dyn FnMut(Event<'_>);
