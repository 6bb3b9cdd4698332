//! A chat stream, read and written.

mod encode;

use crate::dialect::room::ReadStream;
use std::borrow::Cow;

pub(crate) use encode::Encoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::finish;
use crate::dialect::openai::error;
use crate::event::Sink;
use crate::event::{Event, Finish};
use crate::json::{Fields, Text};
use crate::usage::totals::Totals;

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    created: Option<u64>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    matched_stop: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    index: Option<u32>,
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
    arguments: Option<&'a RawValue>,
}

/// Reads a stream.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    started: bool,
    finished: bool,
    tally: Totals,
    calls: Vec<Open>,
    seed: u64,
}

/// A call of which more may come.
#[derive(Debug)]
struct Open {
    choice: u32,
    /// The number on the wire.
    wire: u32,
    /// The number that we count.
    index: u32,
    id: String,
}

impl Decoder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    fn choice(&mut self, c: Choice<'_>, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        let choice = c.index;
        let mut calls = false;
        if let Some(delta) = c.delta {
            for thought in [
                delta.reasoning_content.map(|t| t.0),
                string(delta.reasoning)?,
            ]
            .into_iter()
            .flatten()
            {
                if !thought.is_empty() {
                    sink(Event::Reasoning {
                        choice,
                        text: thought,
                    });
                    // Servers that send both send the same.
                    break;
                }
            }
            if let Some(content) = delta.content {
                content_of(choice, content.get(), sink)?;
            }
            if let Some(text) = delta.refusal.map(|t| t.0).filter(|t| !t.is_empty()) {
                sink(Event::Refusal { choice, text });
            }
            for call in delta.tool_calls.unwrap_or_default() {
                self.call(choice, call, sink)?;
            }
        }
        calls |= self.calls.iter().any(|open| open.choice == choice);
        if let Some(word) = c.finish_reason.map(|t| t.0) {
            self.finished = true;
            let stop_sequence = match string(c.stop_reason)? {
                Some(text) => Some(text),
                None => string(c.matched_stop)?,
            };
            let reason = match finish(&word) {
                Finish::Stop if calls => Finish::Tools,
                Finish::Stop if stop_sequence.is_some() => Finish::StopSequence,
                other => other,
            };
            sink(Event::Finish {
                choice,
                reason,
                stop_sequence,
            });
        }
        Ok(())
    }

    fn call(
        &mut self,
        choice: u32,
        call: Call<'_>,
        sink: Sink<'_>,
    ) -> Result<(), serde_json::Error> {
        // Qwen sends an empty id with every later piece.
        let id = call.id.map(|t| t.0).filter(|id| !id.is_empty());
        let (name, arguments) = call
            .function
            .map_or((None, None), |f| (f.name, f.arguments));
        let name = name.map(|t| t.0).filter(|name| !name.is_empty());
        let mut mine = self.calls.iter().filter(|open| open.choice == choice);
        let known = match (call.index, &id) {
            (Some(wire), _) => mine.rev().find(|open| open.wire == wire),
            // Without a number, a piece without an id belongs to the last call.
            (None, None) => mine.next_back(),
            (None, Some(id)) => mine.rev().find(|open| open.id == **id),
        };
        let is_new = match (&known, &id) {
            (None, _) => true,
            // Some servers number every call 0.
            (Some(open), Some(id)) => name.is_some() && open.id != **id,
            (Some(_), None) => false,
        };
        let index = match known.filter(|_| !is_new) {
            Some(open) => open.index,
            None => self.open(choice, call.index, id, name, sink),
        };
        if let Some(raw) = arguments {
            let json = match string(Some(raw))? {
                Some(text) => text,
                None if raw.get().starts_with('{') => Cow::Borrowed(raw.get()),
                None => Cow::Borrowed(""),
            };
            if !json.is_empty() {
                sink(Event::ToolArguments {
                    choice,
                    index,
                    json,
                });
            }
        }
        Ok(())
    }

    fn open(
        &mut self,
        choice: u32,
        wire: Option<u32>,
        id: Option<Cow<'_, str>>,
        name: Option<Cow<'_, str>>,
        sink: Sink<'_>,
    ) -> u32 {
        let count = self
            .calls
            .iter()
            .filter(|open| open.choice == choice)
            .count();
        let index = u32::try_from(count).unwrap_or(u32::MAX);
        let id = id.unwrap_or_else(|| {
            format!("call_{:016x}", self.seed.wrapping_add(u64::from(index))).into()
        });
        self.calls.push(Open {
            choice,
            wire: wire.unwrap_or(index),
            index,
            id: id.clone().into_owned(),
        });
        sink(Event::ToolStart {
            choice,
            index,
            id,
            name: name.unwrap_or_default(),
        });
        index
    }
}

impl ReadStream for Decoder {
    /// Reads an event's data.
    fn data(&mut self, data: &str, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        if data == "[DONE]" {
            sink(Event::End);
            return Ok(());
        }
        let chunk: Chunk<'_> = serde_json::from_str(data)?;
        if let Some(error) = chunk.error.filter(|e| e.get() != "null") {
            sink(Event::Error(error::read(error.get(), None)));
            return Ok(());
        }
        let choices = chunk.choices.unwrap_or_default();
        // Azure's first chunk has neither choices nor a name.
        if !self.started && !choices.is_empty() {
            self.started = true;
            let text = |t: Option<Text<'_>>| t.map(|t| t.0.into_owned()).unwrap_or_default().into();
            let created = chunk.created.filter(|n| *n > 0);
            sink(Event::Start {
                id: text(chunk.id),
                model: text(chunk.model),
                created,
            });
        }
        for choice in choices {
            self.choice(choice, sink)?;
        }
        if let Some(usage) = chunk.usage.filter(|u| u.get().starts_with('{')) {
            self.tally.update(usage.get().as_bytes());
            sink(Event::Usage(
                self.tally.usage(crate::dialect::openai::usage::usage),
            ));
        }
        Ok(())
    }

    /// Whether every answer is over, though the last word may be missing.
    fn is_finished(&self) -> bool {
        self.finished
    }
}

/// A value where it is a string.
fn string(raw: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    match raw.filter(|raw| raw.get().starts_with('"')) {
        Some(raw) => serde_json::from_str::<Text<'_>>(raw.get()).map(|t| Some(t.0)),
        None => Ok(None),
    }
}

/// Text, or Mistral's list of chunks.
fn content_of(choice: u32, json: &str, sink: Sink<'_>) -> Result<(), serde_json::Error> {
    if json.starts_with('"') {
        let text = serde_json::from_str::<Text<'_>>(json)?.0;
        if !text.is_empty() {
            sink(Event::Text { choice, text });
        }
        return Ok(());
    }
    if !json.starts_with('[') {
        return Ok(());
    }
    for mut chunk in serde_json::from_str::<Vec<Fields<'_>>>(json)? {
        if let Ok(Some(text)) = chunk.text("text", "") {
            sink(Event::Text { choice, text });
        }
        for mut thought in chunk
            .read::<Vec<Fields<'_>>>("thinking", "")
            .unwrap_or_default()
            .unwrap_or_default()
        {
            if let Ok(Some(text)) = thought.text("text", "") {
                sink(Event::Reasoning { choice, text });
            }
        }
    }
    Ok(())
}
