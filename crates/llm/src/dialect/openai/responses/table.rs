//! What this wire has.

use super::{answer, decode, encode, enrich, events, passing, read, stream, texts};
use crate::dialect::room::{Dialect, no_twin};

/// Responses.
pub(crate) static DIALECT: Dialect = Dialect {
    path: "responses",
    count_path: "responses",
    read_request: decode::request,
    write_request: encode::request,
    read_answer: read::decode,
    write_answer: answer::encode,
    reader: |seed| Box::new(events::Decoder::new(seed)),
    writer: |context| Box::new(stream::Encoder::new(context)),
    passing: &passing::PASSING,
    texts: &texts::ResponsesTexts,
    enrich: Some(enrich::messages),
    place: enrich::place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};
