//! What this wire has.

use super::{answer, encode, stream, texts};
use crate::dialect::openai::chat;
use crate::dialect::room::{Dialect, no_client, no_twin, own_place};
use crate::flow::passed::UNSPOKEN;

/// Cohere's chat, which no client speaks: answers and streams are written as OpenAI's.
pub(crate) static DIALECT: Dialect = Dialect {
    path: "chat",
    count_path: "chat",
    read_request: no_client,
    write_request: encode::request,
    read_answer: answer::decode,
    write_answer: chat::answer::encode,
    reader: |seed| Box::new(stream::Decoder::new(seed)),
    writer: |context| Box::new(chat::stream::Encoder::new(context)),
    passing: &UNSPOKEN,
    texts: &texts::CohereTexts,
    enrich: None,
    place: own_place,
    twin: no_twin,
    counts_what_it_is_asked: false,
};
