//! A Messages stream, read and written.

mod encode;

use crate::dialect::room::ReadStream;
use std::borrow::Cow;

pub(crate) use encode::Encoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::finish;
use crate::dialect::anthropic::error;
use crate::event::{Event, Sink};
use crate::json::{Fields, Text};
use crate::usage::totals::Totals;

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    content_block: Option<Block<'a>>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    partial_json: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow)]
    stop_sequence: Option<Text<'a>>,
}

/// Reads a stream.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    tally: Totals,
    /// The block of each call, in their order.
    calls: Vec<u32>,
}

impl Decoder {
    fn start(&mut self, message: Option<Message<'_>>, sink: Sink<'_>) {
        let Some(message) = message else { return };
        let text =
            |t: Option<Text<'_>>| Cow::Owned(t.map(|t| t.0.into_owned()).unwrap_or_default());
        sink(Event::Start {
            id: text(message.id),
            model: text(message.model),
            created: None,
        });
        self.usage(message.usage, sink);
    }

    fn usage(&mut self, usage: Option<&RawValue>, sink: Sink<'_>) {
        if let Some(usage) = usage.filter(|u| u.get().starts_with('{')) {
            self.tally.update(usage.get().as_bytes());
            sink(Event::Usage(
                self.tally.usage(crate::dialect::anthropic::usage::usage),
            ));
        }
    }

    fn block(&mut self, at: u32, block: Block<'_>, sink: Sink<'_>) {
        let choice = 0;
        match &*block.kind.0 {
            "tool_use" => {
                let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
                self.calls.push(at);
                let text = |t: Option<Text<'_>>| {
                    Cow::Owned(t.map(|t| t.0.into_owned()).unwrap_or_default())
                };
                sink(Event::ToolStart {
                    choice,
                    index,
                    id: text(block.id),
                    name: text(block.name),
                });
                // Compatible servers put whole arguments here.
                if let Some(input) = block
                    .input
                    .map(RawValue::get)
                    .filter(|i| i.starts_with('{'))
                    && Fields::parse(input, "").is_ok_and(|f| f.rest().next().is_some())
                {
                    sink(Event::ToolArguments {
                        choice,
                        index,
                        json: input.into(),
                    });
                }
            }
            "redacted_thinking" => {
                if let Some(data) = block.data {
                    sink(Event::Redacted {
                        choice,
                        data: data.0,
                    });
                }
            }
            _ => {}
        }
        say(block.text, |text| sink(Event::Text { choice, text }));
        say(block.thinking, |text| {
            sink(Event::Reasoning { choice, text })
        });
        say(block.signature, |signature| {
            sink(Event::Signature { choice, signature })
        });
    }

    fn delta(&self, at: u32, delta: Delta<'_>, sink: Sink<'_>) {
        let choice = 0;
        match delta.kind.as_ref().map(|kind| &*kind.0) {
            Some("text_delta") => say(delta.text, |text| sink(Event::Text { choice, text })),
            Some("thinking_delta") => say(delta.thinking, |text| {
                sink(Event::Reasoning { choice, text })
            }),
            Some("signature_delta") => {
                say(delta.signature, |signature| {
                    sink(Event::Signature { choice, signature })
                });
            }
            Some("input_json_delta") => {
                let index = self
                    .calls
                    .iter()
                    .position(|call| *call == at)
                    .and_then(|i| u32::try_from(i).ok());
                if let Some(index) = index {
                    say(delta.partial_json, |json| {
                        sink(Event::ToolArguments {
                            choice,
                            index,
                            json,
                        })
                    });
                }
            }
            _ => {}
        }
    }
}

impl ReadStream for Decoder {
    /// Reads an event's data. The `event` line says the same as its `type`, and some servers leave it out.
    fn data(&mut self, data: &str, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        let data: Data<'_> = serde_json::from_str(data)?;
        match &*data.kind.0 {
            "message_start" => self.start(data.message, sink),
            "content_block_start" => {
                if let Some(block) = data.content_block {
                    self.block(data.index, block, sink);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = data.delta {
                    self.delta(data.index, delta, sink);
                }
            }
            "message_delta" => {
                self.usage(data.usage, sink);
                let (word, sequence) = data
                    .delta
                    .map_or((None, None), |d| (d.stop_reason, d.stop_sequence));
                if let Some(word) = word {
                    let stop_sequence = sequence.map(|t| t.0);
                    sink(Event::Finish {
                        choice: 0,
                        reason: finish(&word.0),
                        stop_sequence,
                    });
                }
            }
            "message_stop" => sink(Event::End),
            "ping" => sink(Event::Ping),
            "error" => sink(Event::Error(error::read(
                data.error.map_or("{}", RawValue::get),
                None,
            ))),
            _ => {}
        }
        Ok(())
    }
}

/// Hands a text on, where there is one that says something.
fn say<'a>(text: Option<Text<'a>>, sink: impl FnOnce(Cow<'a, str>)) {
    if let Some(text) = text.map(|t| t.0).filter(|t| !t.is_empty()) {
        sink(text);
    }
}
