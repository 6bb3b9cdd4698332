//! A Messages request, written.

mod messages;

use std::borrow::Cow;

use crate::Operation;
use crate::conversation::{
    Cache, Content, Conversation, Effort, Output, Param, Part, Role, ToolChoice,
};
use crate::dropped::Dropped;
use crate::json::{Invalid, Writer, object};
use crate::request::target::{Target, note, note_extras};

/// Least budget of thought (API reference, `thinking.budget_tokens`).
const MIN_BUDGET: u64 = 1024;

/// Writes a request: model, system, tools and parameters first, messages last.
pub(crate) fn request(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    let counts = target.operation == Operation::CountTokens;
    let mut failed = None;
    let mut out = Body { c, target, dropped };
    let body = object(|w| {
        if target.names_model() {
            w.put("model", &c.model);
        }
        if let Some(version) = target.provider.quirks.anthropic_version {
            w.put("anthropic_version", version);
        }
        let system = out.system(w);
        out.tools(w);
        if !counts {
            out.parameters(w);
        }
        w.key("messages")
            .array(|w| failed = system.and_then(|()| out.messages(w)).err());
    });
    failed.map_or(Ok(body), Err)
}

/// The most tokens where the caller doesn't say: what every model of that generation can do (models overview).
fn most_tokens(model: &str) -> u64 {
    if model.contains("claude-3-5") || model.contains("claude-3.5") {
        8192
    } else if model.contains("claude-3-7") {
        64_000
    } else if model.contains("claude-3") {
        4096
    } else if model.contains("claude-") {
        32_000
    } else {
        8192
    }
}

/// Whether the model thinks adaptively: from 4.6 on a budget is an older way (API guide, "Adaptive thinking").
fn is_adaptive(model: &str) -> bool {
    let Some(at) = model.find("claude-") else {
        return false;
    };
    let mut numbers = model[at..]
        .split(['-', '.', '@', ':'])
        .filter_map(|word| word.parse::<u64>().ok());
    let (major, minor) = (
        numbers.next().unwrap_or(0),
        numbers.next().filter(|n| *n < 100).unwrap_or(0),
    );
    (major, minor) >= (4, 6) && major < 1000
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

    /// Instructions, those from the middle of the conversation included: the format has one place for them.
    fn system(&mut self, w: &mut Writer<'_>) -> Result<(), Invalid> {
        let all = self.c.instructions();
        if self.c.messages.iter().any(|m| m.role == Role::System) {
            self.drop_param(Param::SystemOrder);
        }
        match all.as_slice() {
            [] => Ok(()),
            [
                Part {
                    content: Content::Text(text),
                    cache: None,
                },
            ] => {
                w.put("system", text);
                Ok(())
            }
            many => {
                let mut result = Ok(());
                w.key("system").array(|w| {
                    for part in many {
                        if !matches!(part.content, Content::Text(_)) {
                            result = Err(self.target.refuse(
                                "messages[].content[]",
                                "anything but text in its instructions",
                            ));
                            return;
                        }
                        let _ = self.part(w, part);
                    }
                });
                result
            }
        }
    }

    fn tools(&mut self, w: &mut Writer<'_>) {
        if self.c.tools.is_empty() {
            return;
        }
        w.key("tools").array(|w| {
            for tool in &self.c.tools {
                w.object(|w| {
                    w.put("name", &tool.name);
                    w.put_some("description", tool.description.as_deref());
                    w.key("input_schema")
                        .raw(&object_schema(tool.schema.as_deref()));
                    w.put_bare("strict", tool.strict.filter(|s| *s));
                    cache(w, tool.cache);
                });
            }
        });
        let disable = self.c.parallel_tools == Some(false);
        let choice = match &self.c.tool_choice {
            None if disable => Some(("auto", None)),
            None => None,
            Some(ToolChoice::Auto) => Some(("auto", None)),
            Some(ToolChoice::None) => Some(("none", None)),
            Some(ToolChoice::Any) => Some(("any", None)),
            Some(ToolChoice::Named(name)) => Some(("tool", Some(name))),
            Some(ToolChoice::Allowed(names)) => {
                if let [name] = names.as_slice() {
                    Some(("tool", Some(name)))
                } else {
                    self.dropped.add(Param::ToolChoice.name(self.c.wire));
                    Some(("any", None))
                }
            }
        };
        let Some((kind, name)) = choice else { return };
        w.key("tool_choice").object(|w| {
            w.put("type", kind);
            w.put_some("name", name.map(|n| &**n));
            // Not allowed where no tool may be called at all.
            if disable && kind != "none" {
                w.put_bare("disable_parallel_tool_use", Some(true));
            }
        });
    }

    fn parameters(&mut self, w: &mut Writer<'_>) {
        let c = self.c;
        // Thoughts count: where the caller sets no limit there has to be room for both.
        let thoughts = c
            .reasoning
            .filter(|_| !is_adaptive(&c.model))
            .and_then(|r| r.budget())
            .unwrap_or(0);
        let max = c
            .max_tokens
            .unwrap_or_else(|| most_tokens(&c.model).max(thoughts.saturating_mul(4) / 3 + 1024));
        w.key("max_tokens").bare(max);
        let thinks = self.thinking(w, max);
        self.output(w);
        self.sampling(w, thinks);
        let stops: Vec<&Cow<'_, str>> = c.stop.iter().filter(|s| !s.trim().is_empty()).collect();
        if stops.len() < c.stop.len() {
            self.drop_param(Param::Stop);
        }
        if !stops.is_empty() {
            w.key("stop_sequences")
                .array(|w| stops.iter().for_each(|s| w.str(s)));
        }
        if let Some(user) = &c.user {
            w.key("metadata").object(|w| w.put("user_id", user));
        }
        if c.stream {
            w.key("stream").bare(true);
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
            ],
        );
        note_extras(c, self.dropped);
    }

    /// Writes `thinking`, and says whether the model will think.
    fn thinking(&mut self, w: &mut Writer<'_>, max: u64) -> bool {
        let Some(reasoning) = self.c.reasoning.filter(|r| !r.is_off()) else {
            return false;
        };
        // A call that is forced leaves no room for thought.
        let forced = matches!(
            self.c.tool_choice,
            Some(ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::Allowed(_))
        ) && !self.c.tools.is_empty();
        let adaptive = is_adaptive(&self.c.model);
        // A quarter of the tokens is left for saying something.
        let most = max - max / 4;
        if forced || (!adaptive && most < MIN_BUDGET) {
            self.drop_param(Param::Reasoning);
            return false;
        }
        w.key("thinking").object(|w| {
            if adaptive {
                w.put("type", "adaptive");
            } else {
                w.put("type", "enabled");
                let budget = reasoning
                    .budget()
                    .unwrap_or(MIN_BUDGET)
                    .clamp(MIN_BUDGET, most);
                w.key("budget_tokens").bare(budget);
            }
        });
        true
    }

    fn output(&mut self, w: &mut Writer<'_>) {
        let schema = match &self.c.output {
            Output::Text => None,
            Output::Json => {
                self.drop_param(Param::Output);
                None
            }
            Output::Schema { schema, .. } => Some(schema),
        };
        let thinks = self
            .c
            .reasoning
            .filter(|r| !r.is_off() && is_adaptive(&self.c.model));
        let effort = thinks.and_then(|r| r.effort()).map(|e| match e {
            Effort::None | Effort::Minimal | Effort::Low => "low",
            other => other.as_str(),
        });
        if schema.is_none() && effort.is_none() {
            return;
        }
        w.key("output_config").object(|w| {
            w.put_some("effort", effort);
            if let Some(schema) = schema {
                w.key("format").object(|w| {
                    w.put("type", "json_schema");
                    w.key("schema").raw(schema);
                });
            }
        });
    }

    /// Temperatures go to 1 here and to 2 elsewhere; a thinker takes none but its own, and no `top_k`.
    fn sampling(&mut self, w: &mut Writer<'_>, thinks: bool) {
        let c = self.c;
        if thinks {
            note(c, self.dropped, &[Param::TopK]);
            if c.temperature
                .as_ref()
                .and_then(|t| t.as_f64())
                .is_some_and(|t| t != 1.0)
            {
                self.drop_param(Param::Temperature);
            }
        } else {
            if let Some(temperature) = &c.temperature {
                if temperature.as_f64().is_some_and(|t| t > 1.0) {
                    self.drop_param(Param::Temperature);
                    w.key("temperature").bare(1);
                } else {
                    w.key("temperature").bare(temperature);
                }
            }
            w.put_bare("top_k", c.top_k.as_ref());
        }
        if thinks
            && c.top_p
                .as_ref()
                .and_then(|p| p.as_f64())
                .is_some_and(|p| p < 0.95)
        {
            self.drop_param(Param::TopP);
        } else {
            w.put_bare("top_p", c.top_p.as_ref());
        }
    }
}

fn cache(w: &mut Writer<'_>, cache: Option<Cache>) {
    if let Some(cache) = cache {
        w.key("cache_control").object(|w| {
            w.put("type", "ephemeral");
            if cache == Cache::Hour {
                w.put("ttl", "1h");
            }
        });
    }
}

/// A schema has to be an object's; one that doesn't say so gets it said, and is left alone otherwise.
pub(crate) fn object_schema(schema: Option<&str>) -> Cow<'_, str> {
    let Some(schema) = schema.map(str::trim).filter(|s| s.starts_with('{')) else {
        return "{\"type\":\"object\",\"properties\":{}}".into();
    };
    let has_type = crate::json::Fields::parse(schema, "").is_ok_and(|f| f.has("type"));
    if has_type {
        return schema.into();
    }
    let rest = schema[1..].trim_start();
    let comma = if rest.starts_with('}') { "" } else { "," };
    format!("{{\"type\":\"object\"{comma}{rest}").into()
}

/// Ids are letters, digits, `_` and `-`.
pub(crate) fn safe_id(id: &str) -> Cow<'_, str> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !id.is_empty() && id.chars().all(is_safe) {
        return id.into();
    }
    let safe: String = id
        .chars()
        .map(|c| if is_safe(c) { c } else { '_' })
        .collect();
    if safe.is_empty() {
        "_".into()
    } else {
        safe.into()
    }
}
