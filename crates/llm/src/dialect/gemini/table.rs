//! What this wire has.

use super::{answer, decode, encode, enrich, passing, stream, texts};
use crate::dialect::room::{Dialect, no_twin};

/// generateContent.
pub(crate) static DIALECT: Dialect = Dialect {
    path: "",
    count_path: "",
    read_request: decode::request,
    write_request: encode::request,
    read_answer: answer::decode,
    write_answer: answer::encode,
    reader: |seed| Box::new(stream::Decoder::new(seed)),
    writer: |context| Box::new(stream::Encoder::new(context)),
    passing: &passing::PASSING,
    texts: &texts::GenerateTexts,
    enrich: Some(enrich::messages),
    place: enrich::place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};
