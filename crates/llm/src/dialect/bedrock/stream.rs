//! A ConverseStream, read.

use crate::dialect::room::ReadStream;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::TokenUsage;
use super::finish;
use super::frame::Message;
use crate::error::read::kind_of;
use crate::event::{Event, Failure, Sink};
use crate::json::{Fields, Text};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(default)]
    content_block_index: u32,
    #[serde(borrow)]
    start: Option<Start<'a>>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(borrow)]
    tool_use_id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Reasoning<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    signature: Option<Text<'a>>,
    #[serde(borrow)]
    redacted_content: Option<Text<'a>>,
}

/// Reads a stream. The totals come after the reason to have ended, so that only the end of the bytes is the end.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    finished: bool,
    /// The block of each call, in their order.
    calls: Vec<u32>,
}

impl Decoder {
    fn delta(&self, at: u32, delta: Delta<'_>, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        let choice = 0;
        if let Some(text) = delta.text.map(|t| t.0).filter(|t| !t.is_empty()) {
            sink(Event::Text { choice, text });
        }
        if let Some(reasoning) = delta.reasoning_content {
            if let Some(text) = reasoning.text.map(|t| t.0).filter(|t| !t.is_empty()) {
                sink(Event::Reasoning { choice, text });
            }
            if let Some(signature) = reasoning.signature.map(|t| t.0).filter(|t| !t.is_empty()) {
                sink(Event::Signature { choice, signature });
            }
            if let Some(data) = reasoning.redacted_content.map(|t| t.0) {
                sink(Event::Redacted { choice, data });
            }
        }
        let input = delta.tool_use.and_then(|call| call.input);
        let index = self
            .calls
            .iter()
            .position(|call| *call == at)
            .and_then(|i| u32::try_from(i).ok());
        if let (Some(raw), Some(index)) = (input, index) {
            let json = if raw.get().starts_with('"') {
                serde_json::from_str::<Text<'_>>(raw.get())?.0
            } else {
                raw.get().into()
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
}

impl ReadStream for Decoder {
    /// Whether the answer is over, though totals may follow.
    fn is_finished(&self) -> bool {
        self.finished
    }

    /// Reads a message.
    fn message(&mut self, message: &Message, sink: Sink<'_>) -> Result<(), serde_json::Error> {
        if message.kind != "event" {
            sink(Event::Error(exception(message)));
            return Ok(());
        }
        let payload: Payload<'_> = serde_json::from_slice(&message.payload)?;
        let choice = 0;
        match message.name.as_str() {
            "messageStart" => sink(Event::Start {
                id: "".into(),
                model: "".into(),
                created: None,
            }),
            "contentBlockStart" => {
                if let Some(call) = payload.start.and_then(|s| s.tool_use) {
                    let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
                    self.calls.push(payload.content_block_index);
                    let text = |t: Option<Text<'_>>| {
                        t.map(|t| t.0.into_owned()).unwrap_or_default().into()
                    };
                    sink(Event::ToolStart {
                        choice,
                        index,
                        id: text(call.tool_use_id),
                        name: text(call.name),
                    });
                }
            }
            "contentBlockDelta" => {
                if let Some(delta) = payload.delta {
                    self.delta(payload.content_block_index, delta, sink)?;
                }
            }
            "messageStop" => {
                self.finished = true;
                let reason = payload
                    .stop_reason
                    .map_or(crate::event::Finish::Stop, |word| finish(&word.0));
                sink(Event::Finish {
                    choice,
                    reason,
                    stop_sequence: None,
                });
            }
            "metadata" => {
                if let Some(usage) = payload.usage {
                    sink(Event::Usage(usage.totals()));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Exceptions within a stream (API reference, `ConverseStreamOutput`).
fn exception(message: &Message) -> Failure<'static> {
    let status = match message.name.as_str() {
        "validationException" => 400,
        "throttlingException" => 429,
        "modelStreamErrorException" => 424,
        "serviceUnavailableException" => 503,
        "modelTimeoutException" => 408,
        _ => 500,
    };
    let text = std::str::from_utf8(&message.payload).unwrap_or_default();
    let said = Fields::parse(text, "")
        .ok()
        .and_then(|mut f| f.text("message", "").ok().flatten());
    let said = said.map_or_else(|| message.error.clone(), |t| t.into_owned());
    let said = if said.is_empty() {
        format!("the provider failed with {}", message.name)
    } else {
        said
    };
    Failure {
        kind: kind_of(status),
        status,
        message: said.into(),
        code: Some(message.name.clone().into()),
        retry_after: None,
    }
}
