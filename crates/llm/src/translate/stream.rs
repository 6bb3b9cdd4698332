//! Streams out of one wire into another.

use std::borrow::Cow;

use sluice_vocab::ErrorType;

use crate::answer::Context;
use crate::dialect;
use crate::dialect::bedrock::frame;
use crate::dialect::room::{ReadStream, WriteStream};
use crate::event::{Event, Failure, Sink};
use crate::sse;
use crate::wire::Wire;

/// Reads a provider's stream.
#[derive(Debug)]
pub struct Decoder {
    reader: Box<dyn ReadStream>,
    /// The format has said its last word, or nothing more can be read.
    over: bool,
}

impl Decoder {
    /// For a stream of that wire; ids that the provider leaves out are made of the seed.
    pub fn new(wire: Wire, seed: u64) -> Self {
        let reader = (dialect::of(wire).reader)(seed);
        let over = false;
        Self { reader, over }
    }

    /// Reads an event. After an error or the end nothing more is read.
    pub fn event(&mut self, event: &sse::Event, sink: Sink<'_>) {
        if self.over {
            return;
        }
        let Some(data) = event.data() else {
            // A comment: the provider is alive.
            return sink(Event::Ping);
        };
        let mut over = false;
        let mut watch = |event: Event<'_>| {
            over |= matches!(event, Event::End | Event::Error(_));
            sink(event);
        };
        let data = String::from_utf8_lossy(&data);
        let read = self.reader.data(&data, &mut watch);
        if read.is_err() {
            watch(Event::Error(malformed()));
        }
        self.over = over;
    }

    /// Reads a message of AWS' event stream, as [`Decoder::event`] reads server-sent events.
    pub fn message(&mut self, message: &frame::Message, sink: Sink<'_>) {
        if self.over {
            return;
        }
        let mut over = false;
        let mut watch = |event: Event<'_>| {
            over |= matches!(event, Event::End | Event::Error(_));
            sink(event);
        };
        if self.reader.message(message, &mut watch).is_err() {
            watch(Event::Error(malformed()));
        }
        self.over = over;
    }

    /// Nothing more can be read, and nothing of what was so far has said so.
    pub(crate) fn give_up(&mut self, why: &str, sink: Sink<'_>) {
        if !std::mem::replace(&mut self.over, true) {
            let message = format!("the provider's stream can't be read: {why}").into();
            sink(Event::Error(Failure {
                message,
                ..malformed()
            }));
        }
    }

    /// The provider's bytes are at their end. A stream that never said so is cut.
    pub fn finish(&mut self, sink: Sink<'_>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let is_complete = self.reader.is_finished();
        if is_complete {
            return sink(Event::End);
        }
        sink(Event::Error(broken(
            "the provider ended the stream before the answer was complete",
            "upstream_truncated",
        )));
    }
}

fn malformed() -> Failure<'static> {
    broken(
        "the provider sent an event that is not of its format",
        "upstream_malformed",
    )
}

fn broken(message: &'static str, code: &'static str) -> Failure<'static> {
    let (message, code) = (Cow::Borrowed(message), Some(Cow::Borrowed(code)));
    Failure {
        kind: ErrorType::Network,
        status: 502,
        message,
        code,
        retry_after: None,
    }
}

/// Writes a client's stream.
#[derive(Debug)]
pub struct Encoder(Box<dyn WriteStream>);

impl Encoder {
    /// For a client of that wire.
    pub fn new(wire: Wire, context: Context) -> Self {
        Self((dialect::of(wire).writer)(context))
    }

    /// Appends the client's bytes of an event, which may be none.
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        self.0.event(event, out);
    }
}
