//! What this wire has.

use super::{answer, decode, encode, enrich, passing, stream, texts};
use crate::dialect::room::{Dialect, own_place};

/// Chat completions.
pub(crate) static DIALECT: Dialect = Dialect {
    path: "chat/completions",
    count_path: "chat/completions",
    read_request: decode::request,
    write_request: encode::request,
    read_answer: answer::decode,
    write_answer: answer::encode,
    reader: |seed| Box::new(stream::Decoder::new(seed)),
    writer: |context| Box::new(stream::Encoder::new(context)),
    passing: &passing::PASSING,
    texts: &texts::ChatTexts,
    enrich: Some(enrich::messages),
    place: own_place,
    twin: enrich::twin,
    counts_what_it_is_asked: false,
};
