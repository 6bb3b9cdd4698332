//! What this wire has.

use super::super::chat;
use super::{encode, enrich, request, stream};
use crate::answer::{Answer, Context};
use crate::dialect::room::{Dialect, no_twin, own_place};
use crate::json::Invalid;

/// The older text completions. No request is translated into it, since every provider that has it has chat, too.
pub(crate) static DIALECT: Dialect = Dialect {
    path: "completions",
    count_path: "completions",
    read_request: request,
    write_request: |_, _, _| {
        let why = "can't be translated into this format";
        Err(Invalid::new("the body", why))
    },
    read_answer,
    write_answer: encode,
    reader: |seed| Box::new(chat::stream::Decoder::new(seed)),
    writer: |context| Box::new(stream::Encoder::new(context)),
    passing: &chat::passing::PASSING,
    texts: &chat::texts::ChatTexts,
    enrich: Some(enrich::messages),
    place: own_place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};

fn read_answer<'a>(_: &'a str, _: &Context) -> Result<Answer<'a>, Invalid> {
    let why = "is in a format that is not translated";
    Err(Invalid::new("the answer", why))
}
