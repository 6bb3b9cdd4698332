//! A Responses stream, written.

mod item;

use crate::dialect::room::WriteStream;
use item::{Item, Kind};

use super::answer::{Head, part, response, response_id};
use super::{seal_redacted, seal_signature, status};
use crate::answer::Context;
use crate::event::{Event, Failure, Finish};
use crate::json::Writer;
use crate::usage::fields::Usage;

/// Writes a stream as OpenAI does: items that are added, grow and are done, each event with its number. The last event repeats the whole
/// answer, so that all of it is kept until then.
#[derive(Debug)]
pub(crate) struct Encoder {
    context: Context,
    id: String,
    model: String,
    created: u64,
    number: u64,
    started: bool,
    items: Vec<Item>,
    finish: Finish,
    usage: Usage,
}

impl Encoder {
    pub(crate) fn new(context: Context) -> Self {
        Self {
            id: context.id("resp_"),
            model: context.model.clone(),
            created: context.now,
            context,
            number: 0,
            started: false,
            items: Vec::new(),
            finish: Finish::Stop,
            usage: Usage::default(),
        }
    }

    fn write(&mut self, name: &str, out: &mut Vec<u8>, fill: impl FnOnce(&Self, &mut Writer<'_>)) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        Writer::new(out).object(|w| {
            w.put("type", name);
            w.key("sequence_number").bare(self.number);
            fill(self, w);
        });
        out.extend_from_slice(b"\n\n");
        self.number += 1;
    }

    fn response(&self, w: &mut Writer<'_>, finish: Option<Finish>) {
        let head = Head {
            id: &self.id,
            model: &self.model,
            created: self.created,
        };
        w.key("response").object(|w| {
            response(w, &head, finish, finish.map(|_| &self.usage), |w| {
                self.items
                    .iter()
                    .filter(|item| item.is_done)
                    .for_each(|item| w.object(|w| item.write(w, "completed")));
            });
        });
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.write("response.created", out, |this, w| this.response(w, None));
        self.write("response.in_progress", out, |this, w| {
            this.response(w, None)
        });
    }

    /// Adds an item, and gives its place.
    fn add(&mut self, kind: Kind, out: &mut Vec<u8>) -> usize {
        self.start(out);
        let at = self.items.len();
        let prefix = match kind {
            Kind::Text | Kind::Refusal => "msg_",
            Kind::Reasoning { .. } => "rs_",
            Kind::Call { .. } => "fc_",
        };
        let id = format!("{}_{at}", self.context.id(prefix));
        self.items.push(Item {
            id,
            kind,
            text: String::new(),
            is_done: false,
        });
        self.write("response.output_item.added", out, |this, w| {
            w.key("output_index").bare(at);
            w.key("item").object(|w| {
                if let Some(item) = this.items.get(at) {
                    item.write_begun(w);
                }
            });
        });
        at
    }

    /// The item that is being said, if it is of that kind.
    fn open(&self, is_it: impl Fn(&Kind) -> bool) -> Option<usize> {
        let at = self.items.len().checked_sub(1)?;
        self.items
            .get(at)
            .filter(|item| !item.is_done && is_it(&item.kind))
            .map(|_| at)
    }

    fn say(&mut self, text: &str, is_refusal: bool, out: &mut Vec<u8>) {
        let is_it = |kind: &Kind| {
            matches!(
                (kind, is_refusal),
                (Kind::Text, false) | (Kind::Refusal, true)
            )
        };
        let at = self.open(is_it).unwrap_or_else(|| {
            self.leave(out);
            let at = self.add(
                if is_refusal {
                    Kind::Refusal
                } else {
                    Kind::Text
                },
                out,
            );
            self.write("response.content_part.added", out, |this, w| {
                this.place(w, at, "content_index");
                w.key("part").object(|w| part(w, "", is_refusal));
            });
            at
        });
        self.grow(at, text);
        let name = if is_refusal {
            "response.refusal.delta"
        } else {
            "response.output_text.delta"
        };
        self.write(name, out, |this, w| {
            this.place(w, at, "content_index");
            w.put("delta", text);
            if !is_refusal {
                w.key("logprobs").array(|_| {});
            }
        });
    }

    fn thought(&mut self, out: &mut Vec<u8>) -> usize {
        match self.open(|kind| matches!(kind, Kind::Reasoning { .. })) {
            Some(at) => at,
            None => {
                self.leave(out);
                self.add(
                    Kind::Reasoning {
                        sealed: String::new(),
                    },
                    out,
                )
            }
        }
    }

    fn think(&mut self, text: &str, out: &mut Vec<u8>) {
        let at = self.thought(out);
        if self.items.get(at).is_some_and(|item| item.text.is_empty()) {
            self.write("response.reasoning_summary_part.added", out, |this, w| {
                this.place(w, at, "summary_index");
                w.key("part").object(|w| summary(w, ""));
            });
        }
        self.grow(at, text);
        self.write("response.reasoning_summary_text.delta", out, |this, w| {
            this.place(w, at, "summary_index");
            w.put("delta", text);
        });
    }

    fn arguments(&mut self, index: u32, json: &str, out: &mut Vec<u8>) {
        let mine =
            |item: &Item| matches!(&item.kind, Kind::Call { index: own, .. } if *own == index);
        let Some(at) = self.items.iter().position(mine) else {
            return;
        };
        self.grow(at, json);
        self.write("response.function_call_arguments.delta", out, |this, w| {
            this.place(w, at, "");
            w.put("delta", json);
        });
    }

    fn grow(&mut self, at: usize, text: &str) {
        if let Some(item) = self.items.get_mut(at) {
            item.text.push_str(text);
        }
    }

    /// Where an item is.
    fn place(&self, w: &mut Writer<'_>, at: usize, within: &str) {
        w.put("item_id", self.items.get(at).map_or("", |item| &item.id));
        w.key("output_index").bare(at);
        if !within.is_empty() {
            w.key(within).bare(0);
        }
    }

    /// Ends the item that is being said. Calls stay open: pieces of several may come in turn.
    fn leave(&mut self, out: &mut Vec<u8>) {
        if let Some(at) = self.open(|kind| !matches!(kind, Kind::Call { .. })) {
            self.done(at, out);
        }
    }

    fn done(&mut self, at: usize, out: &mut Vec<u8>) {
        let Some(item) = self.items.get_mut(at) else {
            return;
        };
        item.is_done = true;
        let (is_text, is_refusal) = (
            matches!(item.kind, Kind::Text),
            matches!(item.kind, Kind::Refusal),
        );
        let is_thought = matches!(item.kind, Kind::Reasoning { .. }) && !item.text.is_empty();
        if matches!(item.kind, Kind::Call { .. }) && item.text.is_empty() {
            item.text.push_str("{}");
        }
        let text = item.text.clone();
        if is_text || is_refusal {
            let name = if is_refusal {
                "response.refusal.done"
            } else {
                "response.output_text.done"
            };
            self.write(name, out, |this, w| {
                this.place(w, at, "content_index");
                w.put(if is_refusal { "refusal" } else { "text" }, &text);
                if is_text {
                    w.key("logprobs").array(|_| {});
                }
            });
            self.write("response.content_part.done", out, |this, w| {
                this.place(w, at, "content_index");
                w.key("part").object(|w| part(w, &text, is_refusal));
            });
        } else if is_thought {
            self.write("response.reasoning_summary_text.done", out, |this, w| {
                this.place(w, at, "summary_index");
                w.put("text", &text);
            });
            self.write("response.reasoning_summary_part.done", out, |this, w| {
                this.place(w, at, "summary_index");
                w.key("part").object(|w| summary(w, &text));
            });
        } else if let Some(Item {
            kind: Kind::Call { name, .. },
            ..
        }) = self.items.get(at)
        {
            let name = name.clone();
            self.write("response.function_call_arguments.done", out, |this, w| {
                this.place(w, at, "");
                w.put("name", &name);
                w.put("arguments", &text);
            });
        }
        self.write("response.output_item.done", out, |this, w| {
            w.key("output_index").bare(at);
            w.key("item").object(|w| {
                if let Some(item) = this.items.get(at) {
                    item.write(w, "completed");
                }
            });
        });
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        for at in 0..self.items.len() {
            if self.items.get(at).is_some_and(|item| !item.is_done) {
                self.done(at, out);
            }
        }
        let finish = self.finish;
        let name = match status(finish).0 {
            "incomplete" => "response.incomplete",
            "failed" => "response.failed",
            _ => "response.completed",
        };
        self.write(name, out, |this, w| this.response(w, Some(finish)));
    }

    fn named(&mut self, id: &str, model: &str, created: Option<u64>) {
        if !id.is_empty() {
            self.id = response_id(id);
        }
        if !model.is_empty() {
            self.model = model.to_owned();
        }
        self.created = created.unwrap_or(self.created);
    }

    fn sign(&mut self, signature: &str, out: &mut Vec<u8>) {
        let at = self.thought(out);
        if let Some(Item {
            kind: Kind::Reasoning { sealed },
            ..
        }) = self.items.get_mut(at)
        {
            if sealed.is_empty() {
                *sealed = seal_signature("");
            }
            sealed.push_str(signature);
        }
    }

    fn redacted(&mut self, data: &str, out: &mut Vec<u8>) {
        self.leave(out);
        let sealed = seal_redacted(data);
        self.add(Kind::Reasoning { sealed }, out);
        self.leave(out);
    }

    /// SDKs look for `error` within the data, the reference has its fields beside the type: both are there.
    fn fail(&mut self, failure: &Failure<'_>, out: &mut Vec<u8>) {
        let request_id = self.context.request_id.clone();
        self.write("error", out, |_, w| {
            w.put(
                "code",
                failure.code.as_deref().unwrap_or(failure.kind.as_str()),
            );
            w.put("message", &failure.message);
            w.key("param").bare("null");
            w.key("error").object(|w| {
                w.put("message", &failure.message);
                w.put("type", failure.kind.as_str());
                w.key("param").bare("null");
                w.put_some("code", failure.code.as_deref());
                w.put("request_id", &request_id);
            });
        });
    }
}

impl WriteStream for Encoder {
    /// Writes an event. Of several answers only the first has a place.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, created } => {
                self.named(id, model, *created);
                self.start(out);
            }
            Event::Text { choice: 0, text } => self.say(text, false, out),
            Event::Refusal { choice: 0, text } => self.say(text, true, out),
            Event::Reasoning { choice: 0, text } => self.think(text, out),
            Event::Signature {
                choice: 0,
                signature,
            } => self.sign(signature, out),
            Event::Redacted { choice: 0, data } => self.redacted(data, out),
            Event::ToolStart {
                choice: 0,
                index,
                id,
                name,
            } => {
                self.leave(out);
                let (call_id, name) = (id.to_string(), name.to_string());
                self.add(
                    Kind::Call {
                        index: *index,
                        call_id,
                        name,
                    },
                    out,
                );
            }
            Event::ToolArguments {
                choice: 0,
                index,
                json,
            } => self.arguments(*index, json, out),
            Event::Finish {
                choice: 0, reason, ..
            } => self.finish = *reason,
            Event::Usage(totals) => self.usage = *totals,
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Error(failure) => self.fail(failure, out),
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

fn summary(w: &mut Writer<'_>, text: &str) {
    w.put("type", "summary_text");
    w.put("text", text);
}
