//! What is read of an answer while it passes: usage, how a stream ended, and its translation.

use std::sync::Arc;

use bytes::Bytes;
use http::{StatusCode, header};
use sluice_llm::json::Object;
use sluice_llm::sse::EventTooLong;
use sluice_llm::stream::{self, End};
use sluice_llm::translate::Translator;
use sluice_llm::usage::{self, Tally, Usage};
use sluice_llm::{Format, Operation};
use sluice_policy::guard::Guards;
use sluice_vocab::{ErrorCode, ErrorType};

use crate::record::{Fault, Record};
use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::guard;
use crate::stage::send::Reading;

/// Of an answer that is no stream, so much is kept for reading its usage. Longer ones are passed on unread.
const KEEP: usize = 4 << 20;

/// What is read of the bytes that pass.
pub(super) enum Reader {
    Nothing,
    Stream(Box<stream::Relay>),
    Translate(Box<Translator>),
    Whole {
        format: Format,
        operation: Operation,
        kept: Vec<Bytes>,
        len: usize,
    },
}

impl Reader {
    pub(super) fn new(
        reading: Option<Reading>,
        status: StatusCode,
        is_stream: bool,
        headers: &http::HeaderMap,
    ) -> Reader {
        // An answer that is compressed although we asked for none is passed on unread.
        let encoded = headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|e| e.as_bytes() != b"identity");
        match reading {
            Some(_) if encoded => Reader::Nothing,
            Some(Reading {
                crossing: Some(crossing),
                ..
            }) => {
                let crossing = *crossing;
                Reader::Translate(Box::new(Translator::new(
                    crossing.provider,
                    crossing.client,
                    crossing.context,
                )))
            }
            Some(r) if is_stream => Reader::Stream(Box::new(stream::Relay::new(
                r.format,
                r.operation,
                r.strip_usage,
            ))),
            Some(r) if status.is_success() && r.operation.has_json_body() => Reader::Whole {
                format: r.format,
                operation: r.operation,
                kept: Vec::new(),
                len: 0,
            },
            _ => Reader::Nothing,
        }
    }

    /// How a stream stands.
    pub(super) fn end(&self) -> Option<End> {
        match self {
            Reader::Stream(relay) => Some(relay.end()),
            Reader::Translate(translator) => Some(translator.end()),
            Reader::Nothing | Reader::Whole { .. } => None,
        }
    }

    /// What a stream has used so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        match self {
            Reader::Stream(relay) => Some(relay.usage()),
            Reader::Translate(translator) => Some(translator.usage()),
            Reader::Nothing | Reader::Whole { .. } => None,
        }
    }

    /// What passes of what came.
    pub(super) fn push(&mut self, data: Bytes, record: &mut Record) -> Bytes {
        match self {
            Reader::Nothing => data,
            Reader::Stream(relay) => match relay.push(data.clone()) {
                Ok(data) => data,
                // Too long to be understood. Nothing of the stream is understood from here on, and all of it passes.
                Err(EventTooLong) => {
                    let held = relay.give_up();
                    record.usage = relay.usage();
                    *self = Reader::Nothing;
                    held.unwrap_or(data)
                }
            },
            Reader::Translate(translator) => translator.push(data),
            Reader::Whole { kept, len, .. } => {
                *len += data.len();
                if *len <= KEEP {
                    kept.push(data.clone());
                } else {
                    kept.clear();
                }
                data
            }
        }
    }

    /// The upstream's part is over: notes what was read, and gives what is still to be sent.
    pub(super) fn finish(self, watch: Option<&Arc<Guards>>, record: &mut Record) -> Option<Bytes> {
        match self {
            Reader::Nothing => None,
            Reader::Stream(relay) => finish_stream(*relay, record),
            Reader::Translate(translator) => finish_translated(*translator, record),
            Reader::Whole {
                format,
                operation,
                kept,
                ..
            } => {
                finish_whole(format, operation, &kept, watch, record);
                None
            }
        }
    }
}

fn finish_stream(mut relay: stream::Relay, record: &mut Record) -> Option<Bytes> {
    let held = relay.finish();
    record.usage = relay.usage();
    match relay.end() {
        End::Complete if !record.usage.is_known() => {
            record.shared().metrics.usage_missing.inc();
        }
        End::Open if record.status.is_success() => {
            record.shared().metrics.truncated.inc();
            let rejection = truncated();
            let event = rejection.event(record.format(), record.id_str());
            record.error = Some(Fault::ours(rejection.code, rejection.public.to_string()));
            return Some([held.as_ref(), b"\n\n", &event].concat().into());
        }
        End::Failed => {
            let why = "the provider reported an error within the stream";
            record.error = Some(Fault::of_provider(ErrorType::ServerError, why.into()));
        }
        End::Complete | End::Open => {}
    }
    Some(held).filter(|held| !held.is_empty())
}

fn finish_translated(mut translator: Translator, record: &mut Record) -> Option<Bytes> {
    let rest = translator.finish();
    record.usage = translator.usage();
    if let Some(failure) = translator.failure() {
        record
            .shared()
            .metrics
            .truncated
            .inc_by(u64::from(failure.kind == ErrorType::Network));
        record.error = Some(Fault::of_provider(
            failure.kind,
            format!("within the stream: {}", failure.message),
        ));
    } else if !record.usage.is_known() {
        record.shared().metrics.usage_missing.inc();
    }
    Some(rest).filter(|rest| !rest.is_empty())
}

fn finish_whole(
    format: Format,
    operation: Operation,
    kept: &[Bytes],
    watch: Option<&Arc<Guards>>,
    record: &mut Record,
) {
    let whole: Bytes = if let [only] = kept {
        only.clone()
    } else {
        kept.concat().into()
    };
    if let Some(guards) = watch {
        let _ = guard::masked(guards, whole.clone(), record.status, record);
    }
    let mut tally = Tally::default();
    if let Ok(object) = Object::scan(whole)
        && let Ok(Some(usage)) = object.get(usage::field(format))
    {
        tally.update(usage);
    }
    record.usage = tally.usage(format);
    if !record.usage.is_known() && operation.streams() {
        record.shared().metrics.usage_missing.inc();
    }
}

fn truncated() -> Rejected {
    let text = "the provider ended the stream before the answer was complete";
    Rejection::new(Stage::Relay, ErrorCode::UpstreamTruncated, text)
}
