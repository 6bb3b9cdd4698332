//! A Messages stream, written.

use crate::answer::Context;
use crate::dialect::anthropic::answer::usage;
use crate::dialect::anthropic::finish_word;
use crate::dialect::room::WriteStream;
use crate::error::write::failed_event;
use crate::event::{Event, Finish};
use crate::json::Writer;
use crate::usage::fields::Usage;

/// Writes a stream as Anthropic does: blocks one after the other, each begun and ended; why it is over and what it cost in one event
/// at the end, since other formats say the one before the other.
#[derive(Debug)]
pub(crate) struct Encoder {
    context: Context,
    started: bool,
    /// The block that is being said, and its number.
    open: Option<(Block, u32)>,
    /// Calls whose arguments are not whole yet.
    calls: Vec<Call>,
    /// Number of the next block.
    next: u32,
    finish: Option<(Finish, Option<String>)>,
    usage: Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Text,
    Thinking,
}

/// A call that has begun: some servers send pieces of several in turn.
#[derive(Debug)]
struct Call {
    index: u32,
    /// Of its block.
    number: u32,
    arguments: Progress,
}

/// How far a JSON value has come.
#[derive(Debug, Default)]
struct Progress {
    depth: u32,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl Progress {
    fn push(&mut self, json: &str) {
        for byte in json.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => {
                    self.begun = true;
                    self.depth += 1;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }
}

impl Encoder {
    pub(crate) fn new(context: Context) -> Self {
        Self {
            context,
            started: false,
            open: None,
            calls: Vec::new(),
            next: 0,
            finish: None,
            usage: Usage::default(),
        }
    }

    fn start(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let own = if id.is_empty() {
            self.context.id("msg_")
        } else {
            id.to_owned()
        };
        event(out, "message_start", |w| {
            w.key("message").object(|w| {
                w.put("id", &own);
                w.put("type", "message");
                w.put("role", "assistant");
                w.put(
                    "model",
                    if model.is_empty() {
                        &self.context.model
                    } else {
                        model
                    },
                );
                w.key("content").array(|_| {});
                w.key("stop_reason").bare("null");
                w.key("stop_sequence").bare("null");
                w.key("usage").object(|w| usage(w, &self.usage));
            });
        });
    }

    fn enter_thinking(&mut self, out: &mut Vec<u8>) {
        self.enter(Block::Thinking, out, |w| {
            w.put("type", "thinking");
            w.put("thinking", "");
            w.put("signature", "");
        });
    }

    /// Goes into a block: the open one if it is of that kind, else a new one.
    fn enter(&mut self, block: Block, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
        if self.open.is_some_and(|(open, _)| open == block) {
            return;
        }
        self.leave(out);
        let number = self.begin_block(out, fill);
        self.open = Some((block, number));
    }

    fn begin_block(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) -> u32 {
        self.start("", "", out);
        let number = self.next;
        self.next += 1;
        event(out, "content_block_start", |w| {
            w.key("index").bare(number);
            w.key("content_block").object(fill);
        });
        number
    }

    /// Ends what is over: the block being said, and calls whose arguments are whole.
    fn leave(&mut self, out: &mut Vec<u8>) {
        if let Some((_, number)) = self.open.take() {
            end_block(number, out);
        }
        self.calls.retain(|call| {
            let stays = !call.arguments.is_whole();
            if !stays {
                end_block(call.number, out);
            }
            stays
        });
    }

    fn say(&self, kind: &str, field: &str, text: &str, out: &mut Vec<u8>) {
        if let Some((_, number)) = self.open {
            delta(number, kind, field, text, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start("", "", out);
        self.leave(out);
        self.calls
            .drain(..)
            .for_each(|call| end_block(call.number, out));
        let (finish, sequence) = self.finish.take().unwrap_or((Finish::Stop, None));
        event(out, "message_delta", |w| {
            w.key("delta").object(|w| {
                w.put("stop_reason", finish_word(finish));
                match &sequence {
                    Some(text) => w.put("stop_sequence", text),
                    None => w.key("stop_sequence").bare("null"),
                }
            });
            w.key("usage").object(|w| usage(w, &self.usage));
        });
        event(out, "message_stop", |_| {});
    }
}

/// Events that open a block.
impl Encoder {
    fn enter_text(&mut self, out: &mut Vec<u8>) {
        self.enter(Block::Text, out, |w| {
            w.put("type", "text");
            w.put("text", "");
        });
    }

    fn redacted(&mut self, data: &str, out: &mut Vec<u8>) {
        self.leave(out);
        let number = self.begin_block(out, |w| {
            w.put("type", "redacted_thinking");
            w.put("data", data);
        });
        end_block(number, out);
    }

    fn call(&mut self, index: u32, id: &str, name: &str, out: &mut Vec<u8>) {
        self.leave(out);
        let number = self.begin_block(out, |w| {
            w.put("type", "tool_use");
            w.put("id", id);
            w.put("name", name);
            w.key("input").object(|_| {});
        });
        self.calls.push(Call {
            index,
            number,
            arguments: Progress::default(),
        });
    }

    fn arguments(&mut self, index: u32, json: &str, out: &mut Vec<u8>) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.index == index) {
            call.arguments.push(json);
            delta(call.number, "input_json_delta", "partial_json", json, out);
        }
    }
}

impl WriteStream for Encoder {
    /// Writes an event. Of several answers only the first has a place.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, .. } => self.start(id, model, out),
            Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } => {
                self.enter_text(out);
                self.say("text_delta", "text", text, out);
            }
            Event::Reasoning { choice: 0, text } => {
                self.enter_thinking(out);
                self.say("thinking_delta", "thinking", text, out);
            }
            Event::Signature {
                choice: 0,
                signature,
            } => {
                self.enter_thinking(out);
                self.say("signature_delta", "signature", signature, out);
            }
            Event::Redacted { choice: 0, data } => self.redacted(data, out),
            Event::ToolStart {
                choice: 0,
                index,
                id,
                name,
            } => self.call(*index, id, name, out),
            Event::ToolArguments {
                choice: 0,
                index,
                json,
            } => self.arguments(*index, json, out),
            Event::Finish {
                choice: 0,
                reason,
                stop_sequence,
            } => {
                self.finish = Some((*reason, stop_sequence.as_ref().map(|s| s.to_string())));
            }
            Event::Usage(totals) => self.usage = *totals,
            Event::Ping if self.started => {
                out.extend_from_slice(b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
            }
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Error(failure) => {
                out.extend_from_slice(&failed_event(
                    &crate::dialect::anthropic::family::FAMILY,
                    failure,
                    &self.context.request_id,
                ));
            }
            Event::End => self.end(out),
            Event::Text { .. }
            | Event::Refusal { .. }
            | Event::Reasoning { .. }
            | Event::Signature { .. }
            | Event::Redacted { .. }
            | Event::ToolStart { .. }
            | Event::ToolArguments { .. }
            | Event::Finish { .. } => {}
        }
    }
}

fn end_block(number: u32, out: &mut Vec<u8>) {
    event(out, "content_block_stop", |w| w.key("index").bare(number));
}

fn delta(number: u32, kind: &str, field: &str, text: &str, out: &mut Vec<u8>) {
    event(out, "content_block_delta", |w| {
        w.key("index").bare(number);
        w.key("delta").object(|w| {
            w.put("type", kind);
            w.put(field, text);
        });
    });
}

fn event(out: &mut Vec<u8>, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    Writer::new(out).object(|w| {
        w.put("type", name);
        fill(w);
    });
    out.extend_from_slice(b"\n\n");
}
