//! A Responses stream, read.

use crate::dialect::room::ReadStream;
use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::read::{finish, thought};
use super::{custom_arguments, seal_own};
use crate::dialect::openai::error;
use crate::event::{Event, Sink};
use crate::json::{Fields, Text, quote};
use crate::usage::totals::Totals;

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(default)]
    output_index: u32,
    #[serde(default)]
    summary_index: u32,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

const CHOICE: u32 = 0;

/// Reads a stream.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    tally: Totals,
    /// Calls in their order.
    calls: Vec<Call>,
    /// The reasoning of which something was said.
    thought: Option<u32>,
    seed: u64,
}

#[derive(Debug)]
struct Call {
    /// The item's place.
    at: u32,
    /// Whether its input is a text and no JSON.
    is_custom: bool,
    /// Whether something of its arguments was said.
    begun: bool,
}

impl Decoder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    fn added(&mut self, at: u32, mut item: Fields<'_>, sink: Sink<'_>) {
        let mut text = |name: &str| item.text(name, "").ok().flatten().unwrap_or_default();
        let kind = text("type");
        if !matches!(&*kind, "function_call" | "custom_tool_call") {
            return;
        }
        let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        let (mut id, name) = (text("call_id"), text("name"));
        if id.is_empty() {
            id = format!("call_{:016x}", self.seed.wrapping_add(u64::from(index))).into();
        }
        self.calls.push(Call {
            at,
            is_custom: kind == "custom_tool_call",
            begun: false,
        });
        sink(Event::ToolStart {
            choice: CHOICE,
            index,
            id,
            name,
        });
    }

    /// More of a call's arguments. A text is made the one field of an object, piece by piece.
    fn arguments(&mut self, at: u32, piece: Cow<'_, str>, sink: Sink<'_>) {
        let Some(index) = self.calls.iter().rposition(|call| call.at == at) else {
            return;
        };
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        let json = if call.is_custom {
            let head = if call.begun { "" } else { "{\"input\":\"" };
            let quoted = quote(&piece);
            Cow::Owned(format!(
                "{head}{}",
                quoted.get(1..quoted.len() - 1).unwrap_or_default()
            ))
        } else {
            piece
        };
        call.begun = true;
        sink(Event::ToolArguments {
            choice: CHOICE,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            json,
        });
    }

    /// An item is whole: what was not said of it in pieces is said now.
    fn done(&mut self, at: u32, mut item: Fields<'_>, sink: Sink<'_>) {
        let mut text = |name: &str| item.text(name, "").ok().flatten();
        if text("type").is_some_and(|kind| kind == "reasoning") {
            let sealed = text("encrypted_content");
            if self.thought != Some(at)
                && let Ok(text) = thought(&mut item)
                && !text.is_empty()
            {
                sink(Event::Reasoning {
                    choice: CHOICE,
                    text: text.into(),
                });
            }
            if let Some(sealed) = sealed {
                sink(Event::Signature {
                    choice: CHOICE,
                    signature: seal_own(&sealed).into(),
                });
            }
            return;
        }
        let Some(index) = self.calls.iter().rposition(|call| call.at == at) else {
            return;
        };
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        let json = match (call.is_custom, std::mem::replace(&mut call.begun, true)) {
            (true, true) => "\"}".to_owned(),
            (true, false) => custom_arguments(&text("input").unwrap_or_default()),
            (false, true) => return,
            (false, false) => text("arguments").unwrap_or_default().into_owned(),
        };
        if !json.is_empty() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            sink(Event::ToolArguments {
                choice: CHOICE,
                index,
                json: json.into(),
            });
        }
    }

    fn end(
        &mut self,
        response: Option<&RawValue>,
        sink: Sink<'_>,
    ) -> Result<(), serde_json::Error> {
        let mut response = fields(response)?;
        if let Ok(Some(usage)) = response.take("usage") {
            self.tally.update(usage.get().as_bytes());
            sink(Event::Usage(
                self.tally.usage(crate::dialect::openai::usage::usage),
            ));
        }
        let reason =
            finish(&mut response, !self.calls.is_empty()).unwrap_or(crate::event::Finish::Error);
        sink(Event::Finish {
            choice: CHOICE,
            reason,
            stop_sequence: None,
        });
        sink(Event::End);
        Ok(())
    }
}

impl ReadStream for Decoder {
    /// Reads an event's data.
    fn data(&mut self, data: &str, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        // Not OpenAI's own, but some compatible servers'.
        if data.trim() == "[DONE]" {
            return Ok(());
        }
        let event: Payload<'_> = serde_json::from_str(data)?;
        let kind = event.kind.map(|t| t.0).unwrap_or_default();
        match &*kind {
            "response.created" => created(fields(event.response)?, sink),
            "response.output_text.delta" => {
                if let Some(text) = string(event.delta)? {
                    let choice = CHOICE;
                    sink(Event::Text { choice, text });
                }
            }
            "response.refusal.delta" => {
                if let Some(text) = string(event.delta)? {
                    let choice = CHOICE;
                    sink(Event::Refusal { choice, text });
                }
            }
            "response.reasoning_summary_part.added" if event.summary_index > 0 => {
                let (choice, text) = (CHOICE, "\n\n".into());
                sink(Event::Reasoning { choice, text });
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                if let Some(text) = string(event.delta)? {
                    self.thought = Some(event.output_index);
                    let choice = CHOICE;
                    sink(Event::Reasoning { choice, text });
                }
            }
            "response.output_item.added" => {
                self.added(event.output_index, fields(event.item)?, sink)
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                if let Some(piece) = string(event.delta)? {
                    self.arguments(event.output_index, piece, sink);
                }
            }
            "response.output_item.done" => self.done(event.output_index, fields(event.item)?, sink),
            "response.completed" | "response.incomplete" => self.end(event.response, sink)?,
            "response.failed" => {
                let error = fields(event.response)?.take("error").ok().flatten();
                sink(Event::Error(
                    error::read(error.map_or("{}", RawValue::get), None).into_owned(),
                ));
            }
            // The reference has the fields beside the type, some servers within `error`.
            "error" => sink(failed(event.error, data)),
            "" if event.error.is_some() => sink(failed(event.error, data)),
            _ => {}
        }
        Ok(())
    }
}

fn created(mut response: Fields<'_>, sink: Sink<'_>) {
    let mut text = |name: &str| response.text(name, "").ok().flatten().unwrap_or_default();
    let (id, model) = (text("id"), text("model"));
    let created = response.read("created_at", "").ok().flatten();
    sink(Event::Start { id, model, created });
}

fn failed<'d>(error: Option<&'d RawValue>, data: &'d str) -> Event<'d> {
    Event::Error(error::read(error.map_or(data, RawValue::get), None))
}

fn fields(raw: Option<&RawValue>) -> Result<Fields<'_>, serde_json::Error> {
    raw.map_or_else(
        || Ok(Fields::default()),
        |raw| serde_json::from_str(raw.get()),
    )
}

/// A text that says something.
fn string(raw: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    match raw.filter(|raw| raw.get().starts_with('"')) {
        Some(raw) => {
            serde_json::from_str::<Text<'_>>(raw.get()).map(|t| Some(t.0).filter(|t| !t.is_empty()))
        }
        None => Ok(None),
    }
}
