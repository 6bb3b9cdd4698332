//! What this wire has.

use super::{answer, encode, stream};
use crate::dialect::openai::chat;
use crate::dialect::room::{Dialect, no_client, no_twin, own_place};
use crate::flow::passed::UNSPOKEN;

/// Converse, which no client speaks: answers and streams are written as OpenAI's.
pub(crate) static DIALECT: Dialect = Dialect {
    path: "",
    count_path: "",
    read_request: no_client,
    write_request: encode::request,
    read_answer: |body, _| answer::decode(body),
    write_answer: chat::answer::encode,
    reader: |_| Box::new(stream::Decoder::default()),
    writer: |context| Box::new(chat::stream::Encoder::new(context)),
    passing: &UNSPOKEN,
    // Its streams are binary: whoever guards them does so behind the translation.
    texts: &chat::texts::ChatTexts,
    enrich: None,
    place: own_place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};
