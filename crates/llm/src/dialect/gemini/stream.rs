//! A generateContent stream, read and written.

mod encode;

use crate::dialect::room::ReadStream;
use std::borrow::Cow;

pub(crate) use encode::Encoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::finish;
use crate::answer::Context;
use crate::dialect::gemini::error;
use crate::dialect::signature;
use crate::event::{Event, Finish, Sink};
use crate::json::Text;
use crate::usage::totals::Totals;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow, default)]
    candidates: Vec<Candidate<'a>>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    #[serde(borrow)]
    model_version: Option<Text<'a>>,
    #[serde(borrow)]
    response_id: Option<Text<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(default)]
    thought: bool,
    #[serde(borrow)]
    thought_signature: Option<Text<'a>>,
    #[serde(borrow)]
    function_call: Option<Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

/// Reads a stream. Every event is a whole response with what is new in it; totals so far stand in each.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    started: bool,
    finished: bool,
    tally: Totals,
    /// How many calls each answer has made.
    calls: Vec<(u32, u32)>,
    seed: u64,
}

impl Decoder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    fn candidate(&mut self, candidate: Candidate<'_>, sink: Sink<'_>) {
        let choice = candidate.index;
        for part in candidate.content.map(|c| c.parts).unwrap_or_default() {
            if let Some(call) = part.function_call {
                self.call(choice, call, part.thought_signature, sink);
            } else if let Some(text) = part.text.map(|t| t.0).filter(|t| !t.is_empty()) {
                sink(if part.thought {
                    Event::Reasoning { choice, text }
                } else {
                    Event::Text { choice, text }
                });
            }
        }
        if let Some(word) = candidate.finish_reason {
            self.finished = true;
            let called = self.calls.iter().any(|(of, _)| *of == choice);
            let reason = match finish(&word.0) {
                // Calls of an earlier event count too.
                Finish::Stop if called => Finish::Tools,
                other => other,
            };
            sink(Event::Finish {
                choice,
                reason,
                stop_sequence: None,
            });
        }
    }

    /// A call comes whole, and without an id that others could use.
    fn call(&mut self, choice: u32, call: Call<'_>, signature: Option<Text<'_>>, sink: Sink<'_>) {
        let at = self
            .calls
            .iter()
            .position(|(of, _)| *of == choice)
            .unwrap_or_else(|| {
                self.calls.push((choice, 0));
                self.calls.len() - 1
            });
        let Some((_, count)) = self.calls.get_mut(at) else {
            return;
        };
        let index = *count;
        *count += 1;
        let id = Context {
            seed: self.seed,
            ..Context::default()
        }
        .call_id(choice, index);
        let id = signature::join(id.into(), signature.as_ref().map(|s| &*s.0));
        sink(Event::ToolStart {
            choice,
            index,
            id,
            name: call.name.0,
        });
        let json = call.args.map_or("{}", RawValue::get).into();
        sink(Event::ToolArguments {
            choice,
            index,
            json,
        });
    }
}

impl ReadStream for Decoder {
    /// Reads an event's data.
    fn data(&mut self, data: &str, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        let chunk: Chunk<'_> = serde_json::from_str(data)?;
        if let Some(error) = chunk.error {
            sink(Event::Error(error::read(error.get(), None)));
            return Ok(());
        }
        if !std::mem::replace(&mut self.started, true) {
            let text =
                |t: Option<Text<'_>>| Cow::Owned(t.map(|t| t.0.into_owned()).unwrap_or_default());
            sink(Event::Start {
                id: text(chunk.response_id),
                model: text(chunk.model_version),
                created: None,
            });
        }
        for candidate in chunk.candidates {
            self.candidate(candidate, sink);
        }
        if let Some(usage) = chunk.usage_metadata {
            self.tally.update(usage.get().as_bytes());
            sink(Event::Usage(
                self.tally.usage(crate::dialect::gemini::usage::usage),
            ));
        }
        if chunk
            .prompt_feedback
            .is_some_and(|f| f.block_reason.is_some())
        {
            self.finished = true;
            sink(Event::Finish {
                choice: 0,
                reason: Finish::Filter,
                stop_sequence: None,
            });
        }
        Ok(())
    }

    /// Whether an answer is over: this format has no other word for the end.
    fn is_finished(&self) -> bool {
        self.finished
    }
}
