//! Streams out of one wire into another.

use std::borrow::Cow;

use sluice_vocab::ErrorType;

use crate::answer::Context;
use crate::event::{Event, Failure, Sink};
use crate::format::bedrock::frame;
use crate::format::{anthropic, bedrock, chat, cohere, completions, gemini, responses};
use crate::sse;
use crate::wire::Wire;

/// Reads a provider's stream.
#[derive(Debug)]
pub struct Decoder {
    of: Of,
    /// The format has said its last word, or nothing more can be read.
    over: bool,
}

#[derive(Debug)]
enum Of {
    Chat(chat::stream::Decoder),
    Responses(responses::events::Decoder),
    Messages(anthropic::stream::Decoder),
    Generate(gemini::stream::Decoder),
    Converse(bedrock::stream::Decoder),
    Cohere(cohere::stream::Decoder),
}

impl Decoder {
    /// For a stream of that wire; ids that the provider leaves out are made of the seed.
    pub fn new(wire: Wire, seed: u64) -> Self {
        let of = match wire {
            Wire::Chat | Wire::Completions => Of::Chat(chat::stream::Decoder::new(seed)),
            Wire::Responses => Of::Responses(responses::events::Decoder::new(seed)),
            Wire::Messages => Of::Messages(anthropic::stream::Decoder::default()),
            Wire::Generate => Of::Generate(gemini::stream::Decoder::new(seed)),
            Wire::Converse => Of::Converse(bedrock::stream::Decoder::default()),
            Wire::Cohere => Of::Cohere(cohere::stream::Decoder::new(seed)),
        };
        Self { of, over: false }
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
        let read = match &mut self.of {
            Of::Chat(decoder) => decoder.data(data.trim(), &mut watch),
            Of::Responses(decoder) => decoder.data(&data, &mut watch),
            Of::Messages(decoder) => decoder.data(&data, &mut watch),
            Of::Generate(decoder) => decoder.data(&data, &mut watch),
            Of::Cohere(decoder) => decoder.data(&data, &mut watch),
            // Not in server-sent events.
            Of::Converse(_) => Ok(()),
        };
        if read.is_err() {
            watch(Event::Error(malformed()));
        }
        self.over = over;
    }

    /// Reads a message of AWS' event stream, as [`Decoder::event`] reads server-sent events.
    pub fn message(&mut self, message: &frame::Message, sink: Sink<'_>) {
        let Of::Converse(decoder) = &mut self.of else {
            return;
        };
        if self.over {
            return;
        }
        let mut over = false;
        let mut watch = |event: Event<'_>| {
            over |= matches!(event, Event::End | Event::Error(_));
            sink(event);
        };
        if decoder.message(message, &mut watch).is_err() {
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
        let is_complete = match &self.of {
            Of::Chat(decoder) => decoder.is_finished(),
            Of::Responses(_) | Of::Messages(_) | Of::Cohere(_) => false,
            Of::Generate(decoder) => decoder.is_finished(),
            Of::Converse(decoder) => decoder.is_finished(),
        };
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
pub struct Encoder(To);

#[derive(Debug)]
enum To {
    Chat(Box<chat::stream::Encoder>),
    Responses(Box<responses::stream::Encoder>),
    Completions(Box<completions::stream::Encoder>),
    Messages(Box<anthropic::stream::Encoder>),
    Generate(Box<gemini::stream::Encoder>),
}

impl Encoder {
    /// For a client of that wire.
    pub fn new(wire: Wire, context: Context) -> Self {
        Self(match wire {
            Wire::Chat | Wire::Converse | Wire::Cohere => {
                To::Chat(Box::new(chat::stream::Encoder::new(context)))
            }
            Wire::Responses => To::Responses(Box::new(responses::stream::Encoder::new(context))),
            Wire::Completions => {
                To::Completions(Box::new(completions::stream::Encoder::new(context)))
            }
            Wire::Messages => To::Messages(Box::new(anthropic::stream::Encoder::new(context))),
            Wire::Generate => To::Generate(Box::new(gemini::stream::Encoder::new(context))),
        })
    }

    /// Appends the client's bytes of an event, which may be none.
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match &mut self.0 {
            To::Chat(encoder) => encoder.event(event, out),
            To::Responses(encoder) => encoder.event(event, out),
            To::Completions(encoder) => encoder.event(event, out),
            To::Messages(encoder) => encoder.event(event, out),
            To::Generate(encoder) => encoder.event(event, out),
        }
    }
}
