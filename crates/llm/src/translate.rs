//! Answers and streams on their way from a provider to a client that speaks another wire.

mod stream;

pub use stream::{Decoder, Encoder};

use crate::Format;
use crate::answer::{Answer, Context};
use crate::dialect;
use crate::json::{Fields, Invalid, object};
use crate::wire::Wire;

/// Reads a whole answer.
pub fn decode<'a>(wire: Wire, body: &'a str, context: &Context) -> Result<Answer<'a>, Invalid> {
    (dialect::of(wire).read_answer)(body, context)
}

/// Writes a whole answer.
pub fn encode(wire: Wire, answer: &Answer<'_>, context: &Context) -> Vec<u8> {
    (dialect::of(wire).write_answer)(answer, context)
}

/// A count of tokens, from one format's answer to another's.
pub fn count(from: Format, to: Format, body: &str) -> Result<Vec<u8>, Invalid> {
    let mut f = Fields::parse(body, "")?;
    let tokens: u64 = f.need(dialect::family(from).count_field, "")?;
    Ok(object(|w| {
        w.key(dialect::family(to).count_field).bare(tokens);
    }))
}
