//! What this wire has.

use super::{answer, decode, encode, enrich, passing, stream, texts};
use crate::dialect::room::{Dialect, no_twin};

/// Messages.
pub(crate) static DIALECT: Dialect = Dialect {
    path: "messages",
    count_path: "messages/count_tokens",
    read_request: decode::request,
    write_request: encode::request,
    read_answer: |body, _| answer::decode(body),
    write_answer: answer::encode,
    reader: |_| Box::new(stream::Decoder::default()),
    writer: |context| Box::new(stream::Encoder::new(context)),
    passing: &passing::PASSING,
    texts: &texts::MessagesTexts,
    enrich: Some(enrich::messages),
    place: enrich::place,
    twin: no_twin,
    counts_what_it_is_asked: true,
};
