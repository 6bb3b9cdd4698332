//! A Responses request, written.

mod input;

use std::borrow::Cow;

use crate::conversation::{Content, Conversation, Effort, Output, Param, Tool, ToolChoice};
use crate::dialect::openai::chat::encode::{reasons, schema};
use crate::dropped::Dropped;
use crate::json::{Invalid, Writer, object};
use crate::request::target::{Target, extra_name, note};

/// Least of `max_output_tokens` that newer models take (API reference: 16).
const MIN_TOKENS: u64 = 16;

/// Writes a request: model, instructions, tools and parameters first, input last.
pub(crate) fn request(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    let mut failed = None;
    let mut out = Body { c, target, dropped };
    let body = object(|w| {
        w.put("model", &c.model);
        let instructions = out.instructions(w);
        out.tools(w);
        out.parameters(w);
        w.key("input")
            .array(|w| failed = instructions.and_then(|()| out.input(w)).err());
    });
    failed.map_or(Ok(body), Err)
}

struct Body<'c, 'd> {
    c: &'c Conversation<'c>,
    target: &'c Target<'c>,
    dropped: &'d mut Dropped,
}

impl Body<'_, '_> {
    fn drop_param(&mut self, param: Param) {
        self.dropped.add(param.name(self.c.wire));
    }

    fn instructions(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let mut texts = Vec::new();
        for part in self.c.system.iter().filter(|p| !p.is_blank()) {
            let Content::Text(text) = &part.content else {
                return Err(self.target.refuse(
                    "messages[].content[]",
                    "anything but text in its instructions",
                ));
            };
            texts.push(&**text);
        }
        if !texts.is_empty() {
            w.put("instructions", &texts.join("\n\n"));
        }
        Ok(())
    }

    fn tools(&self, w: &mut Writer<'_>) {
        if self.c.tools.is_empty() {
            return;
        }
        w.key("tools").array(|w| {
            self.c
                .tools
                .iter()
                .for_each(|tool| w.object(|w| function(w, tool)))
        });
        if let Some(choice) = &self.c.tool_choice {
            match choice {
                ToolChoice::Auto => w.put("tool_choice", "auto"),
                ToolChoice::None => w.put("tool_choice", "none"),
                ToolChoice::Any => w.put("tool_choice", "required"),
                ToolChoice::Named(name) => w.key("tool_choice").object(|w| named(w, name)),
                ToolChoice::Allowed(names) => w.key("tool_choice").object(|w| {
                    w.put("type", "allowed_tools");
                    w.put("mode", "required");
                    w.key("tools")
                        .array(|w| names.iter().for_each(|name| w.object(|w| named(w, name))));
                }),
            }
        }
        w.put_bare("parallel_tool_calls", self.c.parallel_tools);
    }

    fn parameters(&mut self, w: &mut Writer<'_>) {
        let c = self.c;
        self.shape(w);
        self.reasoning(w);
        if let Some(max) = c.max_tokens {
            if max < MIN_TOKENS {
                self.drop_param(Param::MaxTokens);
            }
            w.key("max_output_tokens").bare(max.max(MIN_TOKENS));
        }
        w.put_bare("temperature", c.temperature.as_ref());
        w.put_bare("top_p", c.top_p.as_ref());
        w.put_some("user", c.user.as_deref());
        for (name, value) in &c.extras {
            match *name {
                "verbosity" | "store" => {}
                "logit_bias" => self.dropped.add(extra_name(c.wire, name)),
                _ => w.key(name).raw(value.get()),
            }
        }
        // Kept by default here, and nowhere else: who didn't ask for it hasn't agreed to it.
        let store = c.extras.iter().find(|(name, _)| *name == "store");
        w.key("store")
            .raw(store.map_or("false", |(_, value)| value.get()));
        note(
            c,
            self.dropped,
            &[
                Param::TopK,
                Param::Stop,
                Param::Seed,
                Param::PresencePenalty,
                Param::FrequencyPenalty,
                Param::Choices,
                Param::Logprobs,
                Param::Cache,
            ],
        );
        if c.stream {
            w.key("stream").bare(true);
        }
    }

    /// `text` says what shape the answer has, and how long-winded it is.
    fn shape(&self, w: &mut Writer<'_>) {
        let verbosity = self.c.extras.iter().find(|(name, _)| *name == "verbosity");
        if self.c.output == Output::Text && verbosity.is_none() {
            return;
        }
        w.key("text").object(|w| {
            match &self.c.output {
                Output::Text => {}
                Output::Json => w.key("format").object(|w| w.put("type", "json_object")),
                output @ Output::Schema { .. } => w.key("format").object(|w| {
                    w.put("type", "json_schema");
                    schema(w, output);
                }),
            }
            if let Some((_, value)) = verbosity {
                w.key("verbosity").raw(value.get());
            }
        });
    }

    /// What was thought comes back sealed, since nothing is kept: it is needed with the results of calls.
    fn reasoning(&mut self, w: &mut Writer<'_>) {
        let thinks = reasons(&self.c.model);
        if thinks == Some(true) {
            w.key("include")
                .array(|w| w.str("reasoning.encrypted_content"));
        }
        let Some(reasoning) = self.c.reasoning else {
            return;
        };
        if thinks == Some(false) {
            return note(self.c, self.dropped, &[Param::Reasoning]);
        }
        let effort = reasoning.effort().filter(|e| *e != Effort::None);
        let effort = effort.map(|e| if e == Effort::Max { Effort::XHigh } else { e });
        let shows = reasoning.show == Some(true) && !reasoning.is_off();
        if effort.is_some() || shows {
            w.key("reasoning").object(|w| {
                w.put_some("effort", effort.map(Effort::as_str));
                w.put_some("summary", Some("auto").filter(|_| shows));
            });
        }
    }
}

/// Strict unless it says otherwise, other than in chat: so it is always said.
fn function(w: &mut Writer<'_>, tool: &Tool<'_>) {
    w.put("type", "function");
    w.put("name", &tool.name);
    w.put_some("description", tool.description.as_deref());
    let schema = tool.schema.as_ref().map_or(
        Cow::Borrowed("{\"type\":\"object\",\"properties\":{}}"),
        |s| Cow::Borrowed(&**s),
    );
    w.key("parameters").raw(&schema);
    w.key("strict").bare(tool.strict.unwrap_or(false));
}

fn named(w: &mut Writer<'_>, name: &str) {
    w.put("type", "function");
    w.put("name", name);
}
