//! A chat request, written.

use std::borrow::Cow;

use super::Thinking;
use crate::conversation::{
    Cache, Content, Conversation, Effort, Media, Output, Param, Part, Role, Source, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use crate::dropped::Dropped;
use crate::json::{Invalid, Writer, object};
use crate::request::{Target, note, note_extras};

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
        w.key("messages").array(|w| failed = messages(w, c, target, dropped).err());
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
        w.key("tools").array(|w| names.iter().for_each(|name| w.object(|w| named(w, name))));
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
    let after = |prefix: &str| name.strip_prefix(prefix).and_then(|rest| rest.bytes().next());
    if after("gpt-").is_some_and(|b| (b'5'..=b'9').contains(&b))
        || after("o").is_some_and(|b| b.is_ascii_digit())
    {
        return Some(true);
    }
    ["gpt-3", "gpt-4", "chatgpt-4"].iter().any(|p| name.starts_with(p)).then_some(false)
}

fn parameters(w: &mut Writer<'_>, c: &Conversation<'_>, target: &Target<'_>, dropped: &mut Dropped) {
    let manners = target.provider.quirks.chat;
    output(w, &c.output);
    thinking(w, c, manners.thinking, dropped);
    let newer = manners.completion_tokens && reasons(&c.model) == Some(true);
    w.put_bare(if newer { "max_completion_tokens" } else { "max_tokens" }, c.max_tokens);
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
        c.extras.iter().for_each(|(name, value)| w.key(name).raw(value.get()));
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
            w.key("stream_options").object(|w| w.put_bare("include_usage", Some(true)));
        }
    }
}

fn output(w: &mut Writer<'_>, output: &Output<'_>) {
    match output {
        Output::Text => {}
        Output::Json => w.key("response_format").object(|w| w.put("type", "json_object")),
        Output::Schema { .. } => w.key("response_format").object(|w| {
            w.put("type", "json_schema");
            w.key("json_schema").object(|w| schema(w, output));
        }),
    }
}

/// `{name, description, schema, strict}`, in chat and, flat, in Responses. OpenAI wants a name.
pub(crate) fn schema(w: &mut Writer<'_>, output: &Output<'_>) {
    let Output::Schema { name, description, schema, strict } = output else { return };
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
                let effort = if effort == Effort::Max { Effort::XHigh } else { effort };
                w.put("reasoning_effort", effort.as_str());
            }
        }
        Thinking::Budget => {
            w.key("enable_thinking").bare(!reasoning.is_off());
            w.put_bare("thinking_budget", reasoning.budget().filter(|n| *n > 0));
        }
        Thinking::Switch => w.key("thinking").object(|w| {
            w.put("type", if reasoning.is_off() { "disabled" } else { "enabled" });
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
    w.key("stop").array(|w| c.stop.iter().take(4).for_each(|s| w.str(s)));
}

fn messages(
    w: &mut Writer<'_>,
    c: &Conversation<'_>,
    target: &Target<'_>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let mut out = Messages { c, target, dropped };
    if !c.system.is_empty() {
        out.message(w, "system", &c.system)?;
    }
    for message in &c.messages {
        match message.role {
            Role::System => out.message(w, "system", &message.parts)?,
            Role::User => out.user(w, &message.parts)?,
            Role::Assistant => out.assistant(w, &message.parts)?,
        }
    }
    Ok(())
}

struct Messages<'c, 'd> {
    c: &'c Conversation<'c>,
    target: &'c Target<'c>,
    dropped: &'d mut Dropped,
}

impl Messages<'_, '_> {
    fn message(&mut self, w: &mut Writer<'_>, role: &str, parts: &[Part<'_>]) -> Result<(), Invalid> {
        let mut result = Ok(());
        w.object(|w| {
            w.put("role", role);
            w.key("content");
            result = self.content(w, parts);
        });
        result
    }

    /// Results of tools are messages of their own, before what the user says beside them.
    fn user(&mut self, w: &mut Writer<'_>, parts: &[Part<'_>]) -> Result<(), Invalid> {
        let mut rest: Vec<Part<'_>> = Vec::new();
        for part in parts {
            match &part.content {
                Content::ToolResult(result) => rest.extend(self.result(w, result)),
                _ => rest.push(part.clone()),
            }
        }
        if rest.is_empty() { Ok(()) } else { self.message(w, "user", &rest) }
    }

    /// Writes a result's text, and gives the pictures in it, which only users may send.
    fn result<'p>(&mut self, w: &mut Writer<'_>, result: &ToolResult<'p>) -> Vec<Part<'p>> {
        let is_text = |part: &&Part<'_>| matches!(part.content, Content::Text(_));
        let texts: Vec<&str> = result.content.iter().filter_map(text).collect();
        if result.is_error {
            self.dropped.add(Param::IsError.name(self.c.wire));
        }
        w.object(|w| {
            w.put("role", "tool");
            w.put("tool_call_id", &self.id(&result.id));
            w.put("content", &texts.join("\n"));
        });
        result.content.iter().filter(|p| !is_text(p)).cloned().collect()
    }

    fn assistant(&mut self, w: &mut Writer<'_>, parts: &[Part<'_>]) -> Result<(), Invalid> {
        let said: Vec<Part<'_>> =
            parts.iter().filter(|p| matches!(p.content, Content::Text(_))).cloned().collect();
        let calls: Vec<&ToolCall<'_>> = parts.iter().filter_map(call).collect();
        let refused: String = parts.iter().filter_map(refusal).collect();
        let thought: String = parts.iter().filter_map(reasoning).collect();
        if said.is_empty() && calls.is_empty() && refused.is_empty() {
            // Nothing but thoughts: some refuse a message that says nothing.
            self.thought(None, parts);
            return Ok(());
        }
        let mut result = Ok(());
        w.object(|w| {
            w.put("role", "assistant");
            w.key("content");
            if said.is_empty() {
                w.bare("null");
            } else {
                result = self.content(w, &said);
            }
            if !refused.is_empty() {
                w.put("refusal", &refused);
            }
            if self.target.provider.quirks.chat.reasoning_history && !thought.is_empty() {
                w.put("reasoning_content", &thought);
            } else {
                self.thought(Some(&thought), parts);
            }
            if !calls.is_empty() {
                w.key("tool_calls").array(|w| calls.iter().for_each(|call| w.object(|w| self.call(w, call))));
            }
        });
        result
    }

    /// Notes thoughts that go no further.
    fn thought(&mut self, text: Option<&str>, parts: &[Part<'_>]) {
        let hidden =
            parts.iter().any(|p| matches!(p.content, Content::Redacted(_) | Content::Reasoning { .. }));
        if hidden || text.is_some_and(|t| !t.is_empty()) {
            self.dropped.add(Param::ReasoningHistory.name(self.c.wire));
        }
    }

    fn call(&self, w: &mut Writer<'_>, call: &ToolCall<'_>) {
        w.put("id", &self.id(&call.id));
        w.put("type", "function");
        w.key("function").object(|w| {
            w.put("name", &call.name);
            w.put("arguments", if call.arguments.is_empty() { "{}" } else { &call.arguments });
        });
    }

    /// Mistral's ids are nine letters and digits: others are hashed to that, the same each time.
    fn id<'i>(&self, id: &'i str) -> Cow<'i, str> {
        let fits = id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if !self.target.provider.quirks.chat.short_ids || fits {
            return Cow::Borrowed(id);
        }
        // FNV-1a, in base 36.
        let mut hash = id
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let digits = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(9);
        for _ in 0..9 {
            text.push(char::from(digits[usize::try_from(hash % 36).unwrap_or(0)]));
            hash /= 36;
        }
        text.into()
    }

    fn content(&mut self, w: &mut Writer<'_>, parts: &[Part<'_>]) -> Result<(), Invalid> {
        let quirks = &self.target.provider.quirks;
        let plain = parts
            .iter()
            .all(|p| matches!(p.content, Content::Text(_)) && (p.cache.is_none() || !quirks.cache_control));
        if plain && (parts.len() <= 1 || !quirks.chat.text_parts) {
            let texts: Vec<&str> = parts.iter().filter_map(text).collect();
            w.str(&texts.join("\n\n"));
            return Ok(());
        }
        let mut result = Ok(());
        w.array(|w| {
            for part in parts {
                let mut one = Ok(());
                w.object(|w| {
                    one = self.part(w, &part.content);
                    cache(w, part.cache, self.target);
                });
                if one.is_err() {
                    result = one;
                    return;
                }
            }
        });
        result
    }

    fn part(&self, w: &mut Writer<'_>, content: &Content<'_>) -> Result<(), Invalid> {
        let path = "messages[].content[]";
        match content {
            Content::Text(text) => {
                w.put("type", "text");
                w.put("text", text);
            }
            Content::Image(media) => {
                let url =
                    media.to_url().ok_or_else(|| self.target.refuse(path, "a picture by its file id"))?;
                w.put("type", "image_url");
                w.key("image_url").object(|w| {
                    w.put("url", &url);
                    w.put_some("detail", media.detail.as_deref());
                });
            }
            Content::Audio(media) => self.audio(w, media)?,
            Content::Document(media) => self.document(w, media)?,
            Content::ToolCall(_)
            | Content::ToolResult(_)
            | Content::Reasoning { .. }
            | Content::Redacted(_)
            | Content::Refusal(_) => {
                return Err(Invalid::new(path, "is of a kind that its role can't have"));
            }
        }
        Ok(())
    }

    fn audio(&self, w: &mut Writer<'_>, media: &Media<'_>) -> Result<(), Invalid> {
        let Source::Data { media_type, data } = &media.source else {
            return Err(self.target.refuse("messages[].content[]", "sound by its URL"));
        };
        let format = match media_type.strip_prefix("audio/").unwrap_or(media_type) {
            "wav" | "x-wav" | "wave" => "wav",
            "mp3" | "mpeg" => "mp3",
            other => other,
        };
        w.put("type", "input_audio");
        w.key("input_audio").object(|w| {
            w.put("data", data);
            w.put("format", format);
        });
        Ok(())
    }

    fn document(&self, w: &mut Writer<'_>, media: &Media<'_>) -> Result<(), Invalid> {
        if let Source::Text(text) = &media.source {
            w.put("type", "text");
            w.put("text", text);
            return Ok(());
        }
        let Source::Data { .. } = &media.source else {
            return Err(self.target.refuse("messages[].content[]", "a document by its URL or file id"));
        };
        w.put("type", "file");
        w.key("file").object(|w| {
            w.put("filename", media.name.as_deref().unwrap_or("document.pdf"));
            w.put_some("file_data", media.to_url().as_deref());
        });
        Ok(())
    }
}

pub(crate) fn text<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    if let Content::Text(text) = &part.content { Some(text) } else { None }
}

fn call<'p, 'a>(part: &'p Part<'a>) -> Option<&'p ToolCall<'a>> {
    if let Content::ToolCall(call) = &part.content { Some(call) } else { None }
}

fn refusal<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    if let Content::Refusal(text) = &part.content { Some(text) } else { None }
}

fn reasoning<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    if let Content::Reasoning { text, .. } = &part.content { Some(text) } else { None }
}
