//! A stream of Cohere's chat, read.

use crate::dialect::room::ReadStream;
use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use sluice_vocab::ErrorType;

use super::finish;
use crate::event::{Event, Failure, Finish, Sink};
use crate::json::Text;
use crate::usage::totals::Totals;

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    /// Of an error that has no other form.
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<Text<'a>>,
}

/// Fields are lists in the first event and objects in later ones.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_plan: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    thinking: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    arguments: Option<Text<'a>>,
}

const CHOICE: u32 = 0;

/// Reads a stream.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    tally: Totals,
    /// The number on the wire of each call, in their order.
    calls: Vec<u32>,
    seed: u64,
}

impl Decoder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    fn call(&mut self, wire: u32, starts: bool, call: Call<'_>, sink: Sink<'_>) {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (name, arguments) = call
            .function
            .map_or((None, None), |f| (f.name, f.arguments));
        let index = if starts {
            let index = number(self.calls.len());
            self.calls.push(wire);
            let id = call.id.map(|t| t.0).filter(|id| !id.is_empty());
            let id = id.unwrap_or_else(|| {
                format!("call_{:016x}", self.seed.wrapping_add(u64::from(index))).into()
            });
            let name = name.map(|t| t.0).unwrap_or_default();
            sink(Event::ToolStart {
                choice: CHOICE,
                index,
                id,
                name,
            });
            index
        } else {
            let Some(at) = self.calls.iter().rposition(|call| *call == wire) else {
                return;
            };
            number(at)
        };
        if let Some(json) = arguments.map(|t| t.0).filter(|t| !t.is_empty()) {
            sink(Event::ToolArguments {
                choice: CHOICE,
                index,
                json,
            });
        }
    }

    fn end(&mut self, delta: Delta<'_>, sink: Sink<'_>) {
        if let Some(usage) = delta.usage.filter(|u| u.get().starts_with('{')) {
            self.tally.update(usage.get().as_bytes());
            sink(Event::Usage(
                self.tally.usage(crate::dialect::cohere::usage::usage),
            ));
        }
        let word = delta.finish_reason.map(|word| word.0).unwrap_or_default();
        let reason = match finish(&word) {
            Finish::Stop if !self.calls.is_empty() => Finish::Tools,
            other => other,
        };
        let said = delta.error.map(|t| t.0).filter(|t| !t.is_empty());
        if said.is_some() || reason == Finish::Error {
            // Half an answer, which must not look like a whole one.
            let message =
                said.unwrap_or_else(|| format!("the provider ended its answer with {word}").into());
            let failure = failed(message);
            return sink(Event::Error(match &*word {
                "TIMEOUT" => Failure {
                    kind: ErrorType::Timeout,
                    status: 504,
                    ..failure
                },
                _ => failure,
            }));
        }
        sink(Event::Finish {
            choice: CHOICE,
            reason,
            stop_sequence: None,
        });
        sink(Event::End);
    }
}

impl ReadStream for Decoder {
    /// Reads an event's data.
    fn data(&mut self, data: &str, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        let event: Payload<'_> = serde_json::from_str(data)?;
        let Some(kind) = event.kind.map(|t| t.0) else {
            if let Some(message) = event.message.filter(|m| m.get().starts_with('"')) {
                sink(Event::Error(failed(
                    serde_json::from_str::<Text<'_>>(message.get())?.0,
                )));
            }
            return Ok(());
        };
        if kind == "message-start" {
            let id = event.id.map(|t| t.0).unwrap_or_default();
            sink(Event::Start {
                id,
                model: "".into(),
                created: None,
            });
            return Ok(());
        }
        let Some(delta) = event.delta else {
            return Ok(());
        };
        if kind == "message-end" {
            self.end(delta, sink);
            return Ok(());
        }
        let Some(message) = delta.message else {
            return Ok(());
        };
        match &*kind {
            "content-start" | "content-delta" => content(&message, sink)?,
            "tool-plan-delta" => {
                if let Some(text) = message.tool_plan.map(|t| t.0).filter(|t| !t.is_empty()) {
                    sink(Event::Text {
                        choice: CHOICE,
                        text,
                    });
                }
            }
            "tool-call-start" | "tool-call-delta" => {
                if let Some(call) = object(message.tool_calls)? {
                    self.call(event.index, kind == "tool-call-start", call, sink);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn content(message: &Message<'_>, sink: Sink<'_>) -> Result<(), serde_json::Error> {
    let Some(piece) = object::<Piece<'_>>(message.content)? else {
        return Ok(());
    };
    if let Some(text) = piece.thinking.map(|t| t.0).filter(|t| !t.is_empty()) {
        sink(Event::Reasoning {
            choice: CHOICE,
            text,
        });
    }
    if let Some(text) = piece.text.map(|t| t.0).filter(|t| !t.is_empty()) {
        sink(Event::Text {
            choice: CHOICE,
            text,
        });
    }
    Ok(())
}

fn object<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
) -> Result<Option<T>, serde_json::Error> {
    match raw.filter(|raw| raw.get().starts_with('{')) {
        Some(raw) => serde_json::from_str(raw.get()).map(Some),
        None => Ok(None),
    }
}

fn failed(message: Cow<'_, str>) -> Failure<'_> {
    Failure {
        kind: ErrorType::ServerError,
        status: 500,
        message,
        code: None,
        retry_after: None,
    }
}
