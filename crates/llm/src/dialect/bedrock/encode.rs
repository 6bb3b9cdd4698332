//! A Converse request, written. The model stands in the path.

mod messages;

use crate::conversation::{Cache, Content, Conversation, Output, Param, Role, ToolChoice};
use crate::dialect::anthropic::encode::object_schema;
use crate::dropped::Dropped;
use crate::json::{Invalid, Writer, object, quote};
use crate::request::target::{Target, note, note_extras};

/// Writes a request: instructions, tools and parameters first, messages last.
pub(crate) fn request(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    let mut failed = None;
    let mut out = Body {
        c,
        target,
        dropped,
        documents: 0,
    };
    let body = object(|w| failed = out.write(w).err());
    failed.map_or(Ok(body), Err)
}

struct Body<'c, 'd> {
    c: &'c Conversation<'c>,
    target: &'c Target<'c>,
    dropped: &'d mut Dropped,
    documents: u32,
}

impl Body<'_, '_> {
    fn drop_param(&mut self, param: Param) {
        self.dropped.add(param.name(self.c.wire));
    }

    fn write(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        self.system(w)?;
        self.tools(w);
        self.parameters(w);
        let mut result = Ok(());
        w.key("messages").array(|w| result = self.messages(w));
        result
    }

    /// Instructions, those from the middle of the conversation included: the format has one place for them.
    fn system(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let all = self.c.instructions();
        if self.c.messages.iter().any(|m| m.role == Role::System) {
            self.drop_param(Param::SystemOrder);
        }
        if all.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        w.key("system").array(|w| {
            for part in all {
                match &part.content {
                    Content::Text(text) => w.object(|w| w.put("text", text)),
                    _ => {
                        result = Err(self.target.refuse(
                            "messages[].content[]",
                            "anything but text in its instructions",
                        ))
                    }
                }
                cache(w, part.cache);
            }
        });
        result
    }

    /// Tools, and where the history has calls but the request no tools any more, the names that it has: without them the API refuses
    /// the history.
    fn tools(&mut self, w: &mut Writer<'_>) {
        let called = called(self.c);
        let never = self.c.tool_choice == Some(ToolChoice::None);
        if self.c.tools.is_empty() && called.is_empty() {
            return;
        }
        if never {
            if called.is_empty() {
                return;
            }
            self.drop_param(Param::ToolChoice);
        }
        note(self.c, self.dropped, &[Param::ParallelTools, Param::Strict]);
        let choice = self
            .c
            .tool_choice
            .clone()
            .filter(|_| !self.c.tools.is_empty());
        w.key("toolConfig").object(|w| {
            w.key("tools").array(|w| {
                for tool in &self.c.tools {
                    let schema = object_schema(tool.schema.as_deref());
                    w.object(|w| spec(w, &tool.name, tool.description.as_deref(), &schema));
                    cache(w, tool.cache);
                }
                if self.c.tools.is_empty() {
                    called.iter().for_each(|name| {
                        w.object(|w| spec(w, name, None, "{\"type\":\"object\"}"))
                    });
                }
            });
            match &choice {
                None | Some(ToolChoice::None) => {}
                Some(ToolChoice::Auto) => {
                    w.key("toolChoice").object(|w| w.key("auto").object(|_| {}))
                }
                Some(ToolChoice::Any) => {
                    w.key("toolChoice").object(|w| w.key("any").object(|_| {}))
                }
                Some(ToolChoice::Named(name)) => {
                    w.key("toolChoice")
                        .object(|w| w.key("tool").object(|w| w.put("name", name)));
                }
                Some(ToolChoice::Allowed(_)) => {
                    self.dropped.add(Param::ToolChoice.name(self.c.wire));
                    w.key("toolChoice").object(|w| w.key("any").object(|_| {}));
                }
            }
        });
    }

    fn parameters(&mut self, w: &mut Writer<'_>) {
        let c = self.c;
        let has_config = c.max_tokens.is_some()
            || c.temperature.is_some()
            || c.top_p.is_some()
            || !c.stop.is_empty();
        if has_config {
            w.key("inferenceConfig").object(|w| {
                w.put_bare("maxTokens", c.max_tokens);
                w.put_bare("temperature", c.temperature.as_ref());
                w.put_bare("topP", c.top_p.as_ref());
                if !c.stop.is_empty() {
                    w.key("stopSequences")
                        .array(|w| c.stop.iter().for_each(|s| w.str(s)));
                }
            });
        }
        self.additional(w);
        match &c.output {
            Output::Text => {}
            Output::Json => self.drop_param(Param::Output),
            Output::Schema {
                name,
                description,
                schema,
                ..
            } => {
                w.key("outputConfig").object(|w| {
                    w.key("textFormat").object(|w| {
                        w.put("type", "json_schema");
                        w.key("structure").object(|w| {
                            w.key("jsonSchema").object(|w| {
                                // As text, unlike everywhere else.
                                w.key("schema").raw(&quote(schema));
                                w.put("name", name.as_deref().unwrap_or("answer"));
                                w.put_some("description", description.as_deref());
                            });
                        });
                    });
                });
            }
        }
        note(
            c,
            self.dropped,
            &[
                Param::Seed,
                Param::PresencePenalty,
                Param::FrequencyPenalty,
                Param::Choices,
                Param::Logprobs,
                Param::User,
            ],
        );
        note_extras(c, self.dropped);
    }

    /// What only some models have goes through as they have it themselves: Anthropic's take `thinking` and `top_k`.
    fn additional(&mut self, w: &mut Writer<'_>) {
        let c = self.c;
        let reasoning = c.reasoning.filter(|r| !r.is_off());
        if !c.model.contains("claude") {
            note(c, self.dropped, &[Param::TopK, Param::Reasoning]);
            return;
        }
        let most = c.max_tokens.map_or(u64::MAX, |max| max - max / 4);
        let budget = reasoning
            .and_then(|r| r.budget())
            .map(|budget| budget.clamp(1024, most.max(1024)));
        let budget = budget.filter(|budget| *budget <= most);
        if reasoning.is_some() && budget.is_none() {
            self.drop_param(Param::Reasoning);
        }
        if budget.is_none() && c.top_k.is_none() {
            return;
        }
        w.key("additionalModelRequestFields").object(|w| {
            if let Some(budget) = budget {
                w.key("thinking").object(|w| {
                    w.put("type", "enabled");
                    w.key("budget_tokens").bare(budget);
                });
            }
            w.put_bare("top_k", c.top_k.as_ref());
        });
    }
}

fn spec(w: &mut Writer<'_>, name: &str, description: Option<&str>, schema: &str) {
    w.key("toolSpec").object(|w| {
        w.put("name", name);
        w.put_some("description", description.filter(|d| !d.is_empty()));
        w.key("inputSchema").object(|w| w.key("json").raw(schema));
    });
}

/// A marker of the prompt cache is an element of its own.
fn cache(w: &mut Writer<'_>, cache: Option<Cache>) {
    if let Some(cache) = cache {
        w.object(|w| {
            w.key("cachePoint").object(|w| {
                w.put("type", "default");
                if cache == Cache::Hour {
                    w.put("ttl", "1h");
                }
            });
        });
    }
}

/// Functions that the history has calls of.
fn called<'c>(c: &'c Conversation<'_>) -> Vec<&'c str> {
    let mut names: Vec<&str> = Vec::new();
    for part in c.messages.iter().flat_map(|m| &m.parts) {
        if let Content::ToolCall(call) = &part.content
            && !names.contains(&&*call.name)
        {
            names.push(&call.name);
        }
    }
    names
}
