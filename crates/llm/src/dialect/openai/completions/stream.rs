//! A stream of text completions, written.

use crate::answer::Context;
use crate::dialect::openai::chat::answer::usage;
use crate::dialect::openai::chat::finish_word;
use crate::dialect::room::WriteStream;
use crate::error::write::failed_event;
use crate::event::Event;
use crate::json::Writer;
use crate::usage::fields::Usage;

/// Writes a stream as OpenAI does. Thoughts and calls of tools have no place here.
#[derive(Debug)]
pub(crate) struct Encoder {
    context: Context,
    id: String,
    model: String,
    created: u64,
    usage: Option<Usage>,
}

impl Encoder {
    pub(crate) fn new(context: Context) -> Self {
        let (id, model, created) = (context.id("cmpl-"), context.model.clone(), context.now);
        Self {
            context,
            id,
            model,
            created,
            usage: None,
        }
    }

    fn choice(&self, w: &mut Writer<'_>, choice: u32, text: &str, finish: Option<&str>) {
        w.put("text", text);
        w.key("index").bare(choice);
        w.key("logprobs").bare("null");
        match finish {
            Some(word) => w.put("finish_reason", word),
            None => w.key("finish_reason").bare("null"),
        }
    }

    fn chunk(
        &self,
        out: &mut Vec<u8>,
        choices: impl FnOnce(&mut Writer<'_>),
        totals: Option<&Usage>,
    ) {
        out.extend_from_slice(b"data: ");
        Writer::new(out).object(|w| {
            w.put("id", &self.id);
            w.put("object", "text_completion");
            w.key("created").bare(self.created);
            w.put("model", &self.model);
            w.key("choices").array(choices);
            if let Some(totals) = totals {
                w.key("usage").object(|w| usage(w, totals));
            }
        });
        out.extend_from_slice(b"\n\n");
    }
}

impl WriteStream for Encoder {
    /// Writes an event.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, created } => {
                if !id.is_empty() {
                    self.id = id.to_string();
                }
                if !model.is_empty() {
                    self.model = model.to_string();
                }
                self.created = created.unwrap_or(self.created);
            }
            Event::Text { choice, text } | Event::Refusal { choice, text } => {
                self.chunk(
                    out,
                    |w| w.object(|w| self.choice(w, *choice, text, None)),
                    None,
                );
            }
            Event::Finish { choice, reason, .. } => {
                self.chunk(
                    out,
                    |w| w.object(|w| self.choice(w, *choice, "", Some(finish_word(*reason)))),
                    None,
                );
            }
            Event::Usage(totals) => self.usage = Some(*totals),
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Error(failure) => {
                out.extend_from_slice(&failed_event(
                    &crate::dialect::openai::family::FAMILY,
                    failure,
                    &self.context.request_id,
                ));
            }
            Event::End => {
                if let Some(totals) = self.usage.filter(|_| self.context.include_usage) {
                    self.chunk(out, |_| {}, Some(&totals));
                }
                out.extend_from_slice(b"data: [DONE]\n\n");
            }
            Event::Reasoning { .. }
            | Event::Signature { .. }
            | Event::Redacted { .. }
            | Event::ToolStart { .. }
            | Event::ToolArguments { .. } => {}
        }
    }
}
