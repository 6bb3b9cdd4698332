//! Answers and streams on their way from a provider to a client that speaks another wire.

mod stream;

pub use stream::{Decoder, Encoder};

use crate::Format;
use crate::answer::{Answer, Context};
use crate::format::{anthropic, bedrock, chat, cohere, completions, gemini, responses};
use crate::json::{Fields, Invalid, object};
use crate::wire::Wire;

/// Reads a whole answer.
pub fn decode<'a>(wire: Wire, body: &'a str, context: &Context) -> Result<Answer<'a>, Invalid> {
    match wire {
        Wire::Chat => chat::answer::decode(body, context),
        Wire::Messages => anthropic::answer::decode(body),
        Wire::Generate => gemini::answer::decode(body, context),
        Wire::Converse => bedrock::answer::decode(body),
        Wire::Cohere => cohere::answer::decode(body, context),
        Wire::Responses => responses::read::decode(body, context),
        // No request is translated into it.
        Wire::Completions => Err(Invalid::new(
            "the answer",
            "is in a format that is not translated",
        )),
    }
}

/// Writes a whole answer.
pub fn encode(wire: Wire, answer: &Answer<'_>, context: &Context) -> Vec<u8> {
    match wire {
        Wire::Chat | Wire::Converse | Wire::Cohere => chat::answer::encode(answer, context),
        Wire::Responses => responses::answer::encode(answer, context),
        Wire::Completions => completions::encode(answer, context),
        Wire::Messages => anthropic::answer::encode(answer, context),
        Wire::Generate => gemini::answer::encode(answer, context),
    }
}

/// A count of tokens, from one format's answer to another's.
pub fn count(from: Format, to: Format, body: &str) -> Result<Vec<u8>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    let tokens: u64 = f.need(
        if from == Format::Gemini {
            "totalTokens"
        } else {
            "input_tokens"
        },
        "",
    )?;
    Ok(object(|w| {
        w.key(if to == Format::Gemini {
            "totalTokens"
        } else {
            "input_tokens"
        })
        .bare(tokens);
    }))
}
