//! A chat stream, written.

use crate::answer::Context;
use crate::conversation::Content;
use crate::dialect::openai::chat::answer::{thinking_block, usage};
use crate::dialect::openai::chat::finish_word;
use crate::dialect::room::WriteStream;
use crate::error::write::failed_event;
use crate::event::Event;
use crate::json::Writer;
use crate::usage::fields::Usage;

/// Writes a stream as OpenAI does: one chunk per event, the usage in a chunk of its own where the caller asked, `[DONE]` at last.
#[derive(Debug)]
pub(crate) struct Encoder {
    context: Context,
    /// What every chunk begins with.
    head: Vec<u8>,
    /// Answers that have said who speaks.
    begun: Vec<u32>,
    usage: Option<Usage>,
    /// Calls whose arguments have not begun: answer and number.
    bare: Vec<(u32, u32)>,
    /// Thoughts and their proof, which clients want together.
    thought: String,
    proof: String,
}

impl Encoder {
    pub(crate) fn new(context: Context) -> Self {
        let mut new = Self {
            context,
            head: Vec::new(),
            begun: Vec::new(),
            usage: None,
            bare: Vec::new(),
            thought: String::new(),
            proof: String::new(),
        };
        new.begin("", "", None);
        new
    }

    fn begin(&mut self, id: &str, model: &str, created: Option<u64>) {
        self.head = b"data: ".to_vec();
        let mut w = Writer::new(&mut self.head);
        w.object(|w| {
            if id.is_empty() {
                w.put("id", &self.context.id("chatcmpl-"))
            } else {
                w.put("id", id)
            }
            w.put("object", "chat.completion.chunk");
            w.key("created").bare(created.unwrap_or(self.context.now));
            w.put(
                "model",
                if model.is_empty() {
                    &self.context.model
                } else {
                    model
                },
            );
        });
        self.head.pop();
        self.head.extend_from_slice(b",\"choices\":[");
    }

    fn arguments(&mut self, choice: u32, index: u32, json: &str, out: &mut Vec<u8>) {
        self.chunk(choice, out, None, |w| {
            w.key("tool_calls").array(|w| {
                w.object(|w| {
                    w.key("index").bare(index);
                    w.key("function").object(|w| w.put("arguments", json));
                });
            });
        });
    }

    /// The first chunk of each answer says who speaks, and nothing else.
    fn speak(&mut self, choice: u32, out: &mut Vec<u8>) {
        if !self.begun.contains(&choice) {
            self.begun.push(choice);
            self.write(choice, out, None, |w| {
                w.put("role", "assistant");
                w.put("content", "");
                w.key("refusal").bare("null");
            });
        }
    }

    fn chunk(
        &mut self,
        choice: u32,
        out: &mut Vec<u8>,
        finish: Option<&str>,
        fill: impl FnOnce(&mut Writer<'_>),
    ) {
        self.speak(choice, out);
        self.write(choice, out, finish, fill);
    }

    fn write(
        &self,
        choice: u32,
        out: &mut Vec<u8>,
        finish: Option<&str>,
        fill: impl FnOnce(&mut Writer<'_>),
    ) {
        out.extend_from_slice(&self.head);
        let mut w = Writer::new(out);
        w.object(|w| {
            w.key("index").bare(choice);
            w.key("delta").object(fill);
            w.key("logprobs").bare("null");
            match finish {
                Some(word) => w.put("finish_reason", word),
                None => w.key("finish_reason").bare("null"),
            }
        });
        out.extend_from_slice(if self.context.include_usage {
            b"],\"usage\":null}\n\n"
        } else {
            b"]}\n\n"
        });
    }

    fn flush_proof(&mut self, out: &mut Vec<u8>) {
        if self.proof.is_empty() {
            self.thought.clear();
            return;
        }
        let (text, proof) = (
            std::mem::take(&mut self.thought),
            std::mem::take(&mut self.proof),
        );
        let block = Content::Reasoning {
            text: text.into(),
            signature: Some(proof.into()),
        };
        self.chunk(0, out, None, |w| {
            w.key("thinking_blocks")
                .array(|w| thinking_block(w, &block))
        });
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(totals) = self.usage.filter(|_| self.context.include_usage) {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b"],");
            out.extend_from_slice(b"\"usage\":");
            Writer::new(out).object(|w| usage(w, &totals));
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl WriteStream for Encoder {
    /// Writes an event.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if !matches!(event, Event::Signature { .. } | Event::Reasoning { .. }) {
            self.flush_proof(out);
        }
        match event {
            Event::Start { id, model, created } => {
                self.begin(id, model, *created);
                self.speak(0, out);
            }
            Event::Text { choice, text } => {
                self.chunk(*choice, out, None, |w| w.put("content", text))
            }
            Event::Refusal { choice, text } => {
                self.chunk(*choice, out, None, |w| w.put("refusal", text))
            }
            Event::Reasoning { choice, text } => {
                self.thought.push_str(text);
                self.chunk(*choice, out, None, |w| w.put("reasoning_content", text));
            }
            Event::Signature { signature, .. } => self.proof.push_str(signature),
            Event::Redacted { choice, data } => self.chunk(*choice, out, None, |w| {
                let block = Content::Redacted(data.as_ref().into());
                w.key("thinking_blocks")
                    .array(|w| thinking_block(w, &block));
            }),
            Event::ToolStart {
                choice,
                index,
                id,
                name,
            } => {
                self.bare.push((*choice, *index));
                self.chunk(*choice, out, None, |w| start_call(w, *index, id, name));
            }
            Event::ToolArguments {
                choice,
                index,
                json,
            } => {
                self.bare.retain(|bare| *bare != (*choice, *index));
                self.arguments(*choice, *index, json, out);
            }
            Event::Finish { choice, reason, .. } => {
                // Clients parse what they have put together, and nothing at all is no JSON.
                for (choice, index) in std::mem::take(&mut self.bare) {
                    self.arguments(choice, index, "{}", out);
                }
                self.chunk(*choice, out, Some(finish_word(*reason)), |_| {});
            }
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Error(failure) => {
                out.extend_from_slice(&failed_event(
                    &crate::dialect::openai::family::FAMILY,
                    failure,
                    &self.context.request_id,
                ));
            }
            Event::End => self.end(out),
        }
    }
}

fn start_call(w: &mut Writer<'_>, index: u32, id: &str, name: &str) {
    w.key("tool_calls").array(|w| {
        w.object(|w| {
            w.key("index").bare(index);
            w.put("id", id);
            w.put("type", "function");
            w.key("function").object(|w| {
                w.put("name", name);
                w.put("arguments", "");
            });
        });
    });
}
