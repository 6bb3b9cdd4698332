//! A chat request, written.

mod messages;

pub(crate) use messages::text;

use std::borrow::Cow;

use super::Thinking;
use crate::conversation::{Cache, Conversation, Effort, Output, Param, Tool, ToolChoice};
use crate::dropped::Dropped;
use crate::json::{Invalid, Writer, object};
use crate::request::target::{Target, note, note_extras};

/// Writes a request: model, tools and parameters first, messages last, so that prompt caches see the same beginning again.
pub(crate) fn request(
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<u8>, Invalid> {
    let mut failed = None;
    let body = object(|w| {
        w.put("model", &c.model);
        tools(w, c, target);
        parameters(w, c, target, dropped);
        w.key("messages")
            .array(|w| failed = messages::write(w, c, target, dropped).err());
    });
    failed.map_or(Ok(body), Err)
}

fn tools(w: &mut Writer<'_>, c: &Conversation<'_>, target: &Target<'_>) {
    if c.tools.is_empty() {
        // A choice among no tools is refused by some, and says nothing.
        return;
    }
    w.key("tools").array(|w| {
        for tool in &c.tools {
            w.object(|w| {
                w.put("type", "function");
                w.key("function").object(|w| function(w, tool));
                cache(w, tool.cache, target);
            });
        }
    });
    if let Some(choice) = &c.tool_choice {
        match choice {
            ToolChoice::Auto => w.put("tool_choice", "auto"),
            ToolChoice::None => w.put("tool_choice", "none"),
            ToolChoice::Any => w.put("tool_choice", target.provider.quirks.chat.any_tool),
            ToolChoice::Named(name) => w.key("tool_choice").object(|w| named(w, name)),
            ToolChoice::Allowed(names) => w.key("tool_choice").object(|w| allowed(w, names)),
        }
    }
    w.put_bare("parallel_tool_calls", c.parallel_tools);
}

fn named(w: &mut Writer<'_>, name: &str) {
    w.put("type", "function");
    w.key("function").object(|w| w.put("name", name));
}

fn allowed(w: &mut Writer<'_>, names: &[Cow<'_, str>]) {
    w.put("type", "allowed_tools");
    w.key("allowed_tools").object(|w| {
        w.put("mode", "required");
        w.key("tools")
            .array(|w| names.iter().for_each(|name| w.object(|w| named(w, name))));
    });
}

/// `{name, description, parameters, strict}`, in chat and, flat, in Responses.
pub(crate) fn function(w: &mut Writer<'_>, tool: &Tool<'_>) {
    w.put("name", &tool.name);
    w.put_some("description", tool.description.as_deref());
    if let Some(schema) = &tool.schema {
        w.key("parameters").raw(schema);
    }
    w.put_bare("strict", tool.strict);
}

fn cache(w: &mut Writer<'_>, cache: Option<Cache>, target: &Target<'_>) {
    if let Some(cache) = cache.filter(|_| target.provider.quirks.cache_control) {
        w.key("cache_control").object(|w| {
            w.put("type", "ephemeral");
            if cache == Cache::Hour {
                w.put("ttl", "1h");
            }
        });
    }
}

/// Whether a model of OpenAI's reasons, and so takes `max_completion_tokens` and `reasoning_effort`; `None` for models that are not
/// OpenAI's by their names.
pub(crate) fn reasons(model: &str) -> Option<bool> {
    let name = model.rsplit('/').next().unwrap_or(model);
    let after = |prefix: &str| {
        name.strip_prefix(prefix)
            .and_then(|rest| rest.bytes().next())
    };
    if after("gpt-").is_some_and(|b| (b'5'..=b'9').contains(&b))
        || after("o").is_some_and(|b| b.is_ascii_digit())
    {
        return Some(true);
    }
    ["gpt-3", "gpt-4", "chatgpt-4"]
        .iter()
        .any(|p| name.starts_with(p))
        .then_some(false)
}

fn parameters(
    w: &mut Writer<'_>,
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) {
    let manners = target.provider.quirks.chat;
    output(w, c, manners.schemas, dropped);
    thinking(w, c, manners.thinking, dropped);
    // Older models take the newer name, too; newer ones refuse the older name.
    let newer = manners.completion_tokens && reasons(&c.model).unwrap_or(manners.own_names);
    w.put_bare(
        if newer {
            "max_completion_tokens"
        } else {
            "max_tokens"
        },
        c.max_tokens,
    );
    w.put_bare("temperature", c.temperature.as_ref());
    w.put_bare("top_p", c.top_p.as_ref());
    if manners.top_k {
        w.put_bare("top_k", c.top_k.as_ref());
    } else {
        note(c, dropped, &[Param::TopK]);
    }
    w.put_bare(manners.seed, c.seed.as_ref());
    w.put_bare("presence_penalty", c.presence_penalty.as_ref());
    w.put_bare("frequency_penalty", c.frequency_penalty.as_ref());
    w.put_bare("n", c.choices);
    if let Some(top) = c.logprobs {
        w.key("logprobs").bare(true);
        w.put_bare("top_logprobs", Some(top).filter(|n| *n > 0));
    }
    stop(w, c, dropped);
    if manners.extras {
        w.put_some("user", c.user.as_deref());
        c.extras
            .iter()
            .for_each(|(name, value)| w.key(name).raw(value.get()));
    } else {
        note(c, dropped, &[Param::User]);
        note_extras(c, dropped);
    }
    if !target.provider.quirks.cache_control {
        note(c, dropped, &[Param::Cache]);
    }
    if c.stream {
        w.key("stream").bare(true);
        if manners.stream_options {
            w.key("stream_options")
                .object(|w| w.put_bare("include_usage", Some(true)));
        }
    }
}

fn output(w: &mut Writer<'_>, c: &Conversation<'_>, schemas: bool, dropped: &mut Dropped) {
    let output = &c.output;
    match output {
        Output::Text => {}
        Output::Schema { .. } if !schemas => {
            dropped.add(Param::Output.name(c.wire));
            w.key("response_format")
                .object(|w| w.put("type", "json_object"));
        }
        Output::Json => w
            .key("response_format")
            .object(|w| w.put("type", "json_object")),
        Output::Schema { .. } => w.key("response_format").object(|w| {
            w.put("type", "json_schema");
            w.key("json_schema").object(|w| schema(w, output));
        }),
    }
}

/// `{name, description, schema, strict}`, in chat and, flat, in Responses. OpenAI wants a name.
pub(crate) fn schema(w: &mut Writer<'_>, output: &Output<'_>) {
    let Output::Schema {
        name,
        description,
        schema,
        strict,
    } = output
    else {
        return;
    };
    w.put("name", name.as_deref().unwrap_or("answer"));
    w.put_some("description", description.as_deref());
    w.key("schema").raw(schema);
    w.put_bare("strict", *strict);
}

fn thinking(w: &mut Writer<'_>, c: &Conversation<'_>, thinking: Thinking, dropped: &mut Dropped) {
    let Some(reasoning) = c.reasoning else { return };
    match thinking {
        Thinking::Effort if reasons(&c.model) != Some(false) => {
            // Not to think is what a model does that is not told to; only newer ones know the word.
            if let Some(effort) = reasoning.effort().filter(|e| *e != Effort::None) {
                let effort = if effort == Effort::Max {
                    Effort::XHigh
                } else {
                    effort
                };
                w.put("reasoning_effort", effort.as_str());
            }
        }
        Thinking::Budget => {
            w.key("enable_thinking").bare(!reasoning.is_off());
            w.put_bare("thinking_budget", reasoning.budget().filter(|n| *n > 0));
        }
        Thinking::Switch => w.key("thinking").object(|w| {
            w.put(
                "type",
                if reasoning.is_off() {
                    "disabled"
                } else {
                    "enabled"
                },
            );
        }),
        Thinking::Effort | Thinking::Never => note(c, dropped, &[Param::Reasoning]),
    }
}

/// OpenAI takes four.
fn stop(w: &mut Writer<'_>, c: &Conversation<'_>, dropped: &mut Dropped) {
    if c.stop.is_empty() {
        return;
    }
    if c.stop.len() > 4 {
        dropped.add(Param::Stop.name(c.wire));
    }
    w.key("stop")
        .array(|w| c.stop.iter().take(4).for_each(|s| w.str(s)));
}
