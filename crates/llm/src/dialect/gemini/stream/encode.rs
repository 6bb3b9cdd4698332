//! A generateContent stream, written.

use crate::answer::Context;
use crate::conversation::{Content, ToolCall};
use crate::dialect::gemini::answer::{part, usage};
use crate::dialect::gemini::finish_word;
use crate::dialect::room::WriteStream;
use crate::error::write::failed_event;
use crate::event::{Event, Finish};
use crate::json::Writer;
use crate::usage::fields::Usage;

/// Writes a stream as Google does: every event a whole response. Calls are held until their arguments are whole, reasons to have ended
/// until the totals are known.
#[derive(Debug)]
pub(crate) struct Encoder {
    context: Context,
    id: String,
    model: String,
    calls: Vec<Call>,
    proof: String,
    finish: Vec<(u32, Finish)>,
    usage: Usage,
}

#[derive(Debug)]
struct Call {
    choice: u32,
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

impl Encoder {
    pub(crate) fn new(context: Context) -> Self {
        let (id, model) = (context.id(""), context.model.clone());
        let (calls, proof, finish, usage) = Default::default();
        Self {
            context,
            id,
            model,
            calls,
            proof,
            finish,
            usage,
        }
    }

    fn part(&mut self, choice: u32, content: &Content<'_>, out: &mut Vec<u8>) {
        self.flush_proof(choice, out);
        self.write(out, false, |w| {
            candidate(w, choice, None, |w| part(w, content))
        });
    }

    fn flush_proof(&mut self, choice: u32, out: &mut Vec<u8>) {
        if self.proof.is_empty() {
            return;
        }
        let signature = std::mem::take(&mut self.proof).into();
        let content = Content::Reasoning {
            text: "".into(),
            signature: Some(signature),
        };
        self.write(out, false, |w| {
            candidate(w, choice, None, |w| part(w, &content))
        });
    }

    fn flush_calls(&mut self, out: &mut Vec<u8>) {
        for call in std::mem::take(&mut self.calls) {
            let choice = call.choice;
            let (id, name) = (call.id.into(), call.name.into());
            let content = ToolCall {
                id,
                name,
                arguments: call.arguments.into(),
                signature: None,
            };
            self.part(choice, &Content::ToolCall(content), out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.flush_calls(out);
        self.flush_proof(0, out);
        if self.finish.is_empty() {
            self.finish.push((0, Finish::Stop));
        }
        let ends = std::mem::take(&mut self.finish);
        self.write(out, true, |w| {
            ends.iter().for_each(|(choice, reason)| {
                candidate(w, *choice, Some(*reason), |w| {
                    w.object(|w| w.put("text", ""))
                });
            });
        });
    }

    fn write(&self, out: &mut Vec<u8>, is_last: bool, fill: impl FnOnce(&mut Writer<'_>)) {
        out.extend_from_slice(b"data: ");
        Writer::new(out).object(|w| {
            w.key("candidates").array(fill);
            if is_last || self.usage.is_known() {
                w.key("usageMetadata").object(|w| usage(w, &self.usage));
            }
            w.put("modelVersion", &self.model);
            w.put("responseId", &self.id);
        });
        out.extend_from_slice(b"\n\n");
    }
}

impl WriteStream for Encoder {
    /// Writes an event.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, .. } => {
                if !id.is_empty() {
                    self.id = id.to_string();
                }
                if !model.is_empty() {
                    self.model = model.to_string();
                }
            }
            Event::Text { choice, text } | Event::Refusal { choice, text } => {
                self.part(*choice, &Content::Text(text.as_ref().into()), out);
            }
            Event::Reasoning { choice, text } => {
                let content = Content::Reasoning {
                    text: text.as_ref().into(),
                    signature: None,
                };
                self.part(*choice, &content, out);
            }
            Event::Signature { signature, .. } => self.proof.push_str(signature),
            // Only its own provider could read it, and that one speaks another format.
            Event::Redacted { .. } => {}
            Event::ToolStart {
                choice,
                index,
                id,
                name,
            } => self.calls.push(Call {
                choice: *choice,
                index: *index,
                id: id.to_string(),
                name: name.to_string(),
                arguments: String::new(),
            }),
            Event::ToolArguments {
                choice,
                index,
                json,
            } => {
                let mine = |call: &&mut Call| call.choice == *choice && call.index == *index;
                if let Some(call) = self.calls.iter_mut().find(mine) {
                    call.arguments.push_str(json);
                }
            }
            Event::Finish { choice, reason, .. } => {
                self.flush_calls(out);
                self.finish.push((*choice, *reason));
            }
            Event::Usage(totals) => self.usage = *totals,
            // Google's SDKs take a comment for JSON, so that a sign of life is a response without anything new.
            Event::Ping => self.write(out, false, |_| {}),
            Event::Error(failure) => {
                out.extend_from_slice(&failed_event(
                    &crate::dialect::gemini::family::FAMILY,
                    failure,
                    &self.context.request_id,
                ));
            }
            Event::End => self.end(out),
        }
    }
}

fn candidate(
    w: &mut Writer<'_>,
    choice: u32,
    finish: Option<Finish>,
    parts: impl FnOnce(&mut Writer<'_>),
) {
    w.object(|w| {
        w.key("content").object(|w| {
            w.key("parts").array(parts);
            w.put("role", "model");
        });
        w.put_some("finishReason", finish.map(finish_word));
        w.key("index").bare(choice);
    });
}
