//! An answer of another wire than its caller's.

use bytes::Bytes;

use super::WholeBody;
use crate::answer::Context;
use crate::error::{self, failure};
use crate::event::Failure;
use crate::json::Fields;
use crate::usage::Usage;
use crate::{Format, Operation, Wire, embeddings, translate};

/// What is needed to bring an answer back into its caller's wire.
#[derive(Debug, Clone)]
pub struct Crossing {
    /// The provider's wire.
    pub provider: Wire,
    /// The caller's wire.
    pub client: Wire,
    /// What the caller asked for.
    pub operation: Operation,
    /// Whether it asked for a stream.
    pub stream: bool,
    /// What the answer needs beyond what the provider says.
    pub context: Context,
    /// Set for vectors of texts.
    pub embeddings: Option<embeddings::Asked>,
    /// What the head of the provider's answer says of it.
    pub hints: Hints,
}

/// What some providers say in headers only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Tokens of the input: Bedrock's `x-amzn-bedrock-input-token-count`, for models of other vendors that don't count.
    pub input: Option<u64>,
    /// AWS' word for an error, `x-amzn-errortype`.
    pub error: Option<String>,
}

/// A whole answer in its caller's wire.
#[derive(Debug, Clone)]
pub struct Translated {
    /// What the caller gets.
    pub whole: WholeBody,
    /// Tokens used, as far as is known.
    pub usage: Usage,
    /// What the provider says went wrong, where the answer is an error.
    pub failure: Option<Failure<'static>>,
}

/// An answer is not of its format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Crossing {
    /// For a conversation.
    pub fn new(provider: Wire, client: Wire, stream: bool, context: Context) -> Self {
        Self {
            provider,
            client,
            operation: Operation::Chat,
            stream,
            context,
            embeddings: None,
            hints: Hints::default(),
        }
    }

    /// Translates a whole answer, or the error that came instead.
    pub fn whole(&self, whole: &WholeBody) -> Result<Translated, Unreadable> {
        if !whole.is_success() {
            return Ok(self.failed(self.failure(whole.status, &whole.body)));
        }
        let text = std::str::from_utf8(&whole.body).map_err(|e| Unreadable(e.to_string()))?;
        match self.answer(text) {
            Ok((body, usage)) => {
                let (body, status) = (Bytes::from(body), whole.status);
                let whole = WholeBody { status, body };
                Ok(Translated {
                    whole,
                    usage,
                    failure: None,
                })
            }
            // Some servers report errors with status 200.
            Err(_) if has_error(text) => Ok(self.failed(self.failure(502, &whole.body))),
            Err(why) => Err(Unreadable(why)),
        }
    }

    fn answer(&self, text: &str) -> Result<(Vec<u8>, Usage), String> {
        if let Some(asked) = &self.embeddings {
            let counted = self.hints.input;
            return embeddings::answer(text, asked, counted, &self.context)
                .map_err(|e| e.to_string());
        }
        if self.operation == Operation::CountTokens {
            let count = translate::count(self.provider.format(), self.client.format(), text);
            let count = count.map_err(|e| e.to_string())?;
            return Ok((count, Usage::default()));
        }
        if self.stream {
            return Err("it was asked for a stream, and sent none".to_owned());
        }
        let answer = translate::decode(self.provider, text, &self.context);
        let answer = answer.map_err(|e| e.to_string())?;
        let body = translate::encode(self.client, &answer, &self.context);
        Ok((body, answer.usage))
    }

    fn failure(&self, status: u16, body: &[u8]) -> Failure<'static> {
        let mut failure = failure::decode(self.provider.format(), status, body);
        if let Some(word) = &self.hints.error {
            let word = word.split(':').next().unwrap_or(word);
            failure.code = Some(word.to_owned().into());
        }
        failure
    }

    fn failed(&self, failure: Failure<'static>) -> Translated {
        let client = self.client.format();
        let whole = WholeBody {
            status: match failure.status {
                // Anthropic's own: to others it is an overload like any other.
                529 if client != Format::Anthropic => 503,
                status => status,
            },
            body: error::failed(client, &failure, &self.context.request_id),
        };
        let (usage, failure) = (Usage::default(), Some(failure));
        Translated {
            whole,
            usage,
            failure,
        }
    }
}

fn has_error(text: &str) -> bool {
    Fields::parse(text, "").is_ok_and(|fields| fields.has("error"))
}
