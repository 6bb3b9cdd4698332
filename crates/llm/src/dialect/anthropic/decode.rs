//! A Messages request, read.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::conversation::{
    Content, Conversation, Effort, Media, Output, Part, Reasoning, Role, Source, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use crate::dialect::native::NativeTools;
use crate::dialect::openai::chat::decode::cache;
use crate::dialect::signature;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, Writer, parse};
use crate::wire::Wire;

/// Reads a request.
pub(crate) fn request<'a>(
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Invalid> {
    let mut fields = Fields::parse(body, "")?;
    let f = &mut fields;
    let mut c = Conversation::new(Wire::Messages);
    c.model = f.text("model", "")?.unwrap_or_default();
    c.stream = f.read("stream", "")?.unwrap_or(false);
    c.max_tokens = f.read("max_tokens", "")?;
    c.temperature = f.read("temperature", "")?;
    c.top_p = f.read("top_p", "")?;
    c.top_k = f.read("top_k", "")?;
    c.stop = f
        .read::<Vec<Text<'a>>>("stop_sequences", "")?
        .unwrap_or_default()
        .into_iter()
        .map(|t| t.0)
        .collect();
    if let Some(mut metadata) = f.read::<Fields<'a>>("metadata", "")? {
        c.user = metadata.text("user_id", "metadata")?;
    }
    c.system = content(f.take("system")?, "system", dropped)?;
    let mut native = NativeTools::default();
    for mut tool in f.read::<Vec<Fields<'a>>>("tools", "")?.unwrap_or_default() {
        if let Some(kind) = tool
            .text("type", "tools[]")?
            .filter(|kind| kind != "custom")
        {
            native.add(&kind);
        } else {
            c.tools.push(self::tool(tool, dropped)?);
        }
    }
    native.settle(c.tools.is_empty(), "Anthropic", dropped)?;
    if let Some(choice) = f.read::<Fields<'a>>("tool_choice", "")? {
        tool_choice(choice, &mut c)?;
    }
    thinking(f, &mut c, dropped)?;
    let messages: Vec<Fields<'a>> = f.need("messages", "")?;
    // A place in a queue: the standard one is what there is without asking.
    if f.take("service_tier")?
        .is_some_and(|tier| tier.get() == "\"standard_only\"")
    {
        dropped.add("service_tier");
    }
    fields
        .rest()
        .for_each(|(name, _)| dropped.add(name.into_owned()));
    for mut message in messages {
        let role = role(&message.need_text("role", "messages[]")?)?;
        let parts = content(message.take("content")?, "messages[].content", dropped)?;
        message
            .rest()
            .for_each(|(name, _)| dropped.add(format!("messages[].{name}")));
        c.push(role, parts);
    }
    Ok(c)
}

fn role(word: &str) -> Result<Role, Invalid> {
    match word {
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        "system" => Ok(Role::System),
        other => Err(Invalid::new(
            "messages[].role",
            format!("{other:?} is neither user nor assistant"),
        )),
    }
}

fn tool<'a>(mut f: Fields<'a>, dropped: &mut Dropped) -> Result<Tool<'a>, Invalid> {
    let path = "tools[]";
    let tool = Tool {
        name: f.need_text("name", path)?,
        description: f.text("description", path)?,
        schema: f.take("input_schema")?.map(|raw| raw.get().into()),
        strict: f.read("strict", path)?,
        cache: cache(&mut f, path)?,
    };
    f.rest()
        .for_each(|(name, _)| dropped.add(format!("tools[].{name}")));
    Ok(tool)
}

fn tool_choice<'a>(mut f: Fields<'a>, c: &mut Conversation<'a>) -> Result<(), Invalid> {
    let path = "tool_choice";
    c.tool_choice = Some(match &*f.need_text("type", path)? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Any,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(f.need_text("name", path)?),
        other => {
            return Err(Invalid::new(
                "tool_choice.type",
                format!("{other:?} is no known choice"),
            ));
        }
    });
    c.parallel_tools = f
        .read::<bool>("disable_parallel_tool_use", path)?
        .map(|disabled| !disabled);
    Ok(())
}

/// `thinking` says whether and how much, `output_config.effort` how hard, `output_config.format` in what shape to answer.
fn thinking<'a>(
    f: &mut Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    if let Some(mut thinking) = f.read::<Fields<'a>>("thinking", "")? {
        let show = thinking
            .text("display", "thinking")?
            .map(|d| d != "omitted");
        let budget: Option<u64> = thinking.read("budget_tokens", "thinking")?;
        c.reasoning = Some(match &*thinking.need_text("type", "thinking")? {
            "disabled" => Reasoning {
                budget: Some(0),
                ..Reasoning::default()
            },
            _ => Reasoning {
                budget,
                show: Some(show.unwrap_or(true)),
                effort: None,
            },
        });
    }
    let mut format = f.read::<Fields<'a>>("output_format", "")?;
    if let Some(mut config) = f.read::<Fields<'a>>("output_config", "")? {
        if let Some(word) = config.text("effort", "output_config")? {
            let effort = Effort::parse(&word);
            match &mut c.reasoning {
                Some(reasoning) if !reasoning.is_off() => reasoning.effort = effort,
                // Effort alone also bounds how much is said, for which nobody else has a word.
                _ => dropped.add("output_config.effort"),
            }
        }
        format = config.read("format", "output_config")?.or(format);
        config
            .rest()
            .for_each(|(name, _)| dropped.add(format!("output_config.{name}")));
    }
    if let Some(mut format) = format {
        let schema = format.take("schema")?.map_or("{}", RawValue::get);
        c.output = Output::Schema {
            name: None,
            description: None,
            schema: schema.into(),
            strict: Some(true),
        };
    }
    // An adaptive thinker decides by itself: that is a middle effort elsewhere.
    if let Some(reasoning) = &mut c.reasoning
        && reasoning.budget.is_none()
        && reasoning.effort.is_none()
    {
        reasoning.effort = Some(Effort::Medium);
    }
    Ok(())
}

/// A content: a string, or a list of blocks.
fn content<'a>(
    content: Option<&'a RawValue>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    if content.get().starts_with('"') {
        let text = parse::<Text<'a>>(content.get(), path)?.0;
        return Ok(if text.is_empty() {
            Vec::new()
        } else {
            vec![Part::text(text)]
        });
    }
    let blocks: Vec<Fields<'a>> = parse(content.get(), path)?;
    let path = format!("{path}[]");
    let mut parts = Vec::with_capacity(blocks.len());
    for fields in blocks {
        parts.push(block(fields, &path, dropped)?);
    }
    Ok(parts)
}

/// A block of a message, or of an answer.
pub(crate) fn block<'a>(
    mut f: Fields<'a>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Part<'a>, Invalid> {
    let kind = f.need_text("type", path)?;
    let content = match &*kind {
        "text" => Content::Text(f.need_text("text", path)?),
        "image" => Content::Image(media(f.need("source", path)?, path)?),
        "document" => {
            let mut media = media(f.need("source", path)?, path)?;
            media.name = f.text("title", path)?;
            Content::Document(media)
        }
        "tool_use" => {
            let (id, signature) = signature::split(f.need_text("id", path)?);
            let arguments = f.take("input")?.map_or("{}", RawValue::get);
            f.take("caller")?;
            Content::ToolCall(ToolCall {
                id,
                name: f.need_text("name", path)?,
                arguments: arguments.into(),
                signature,
            })
        }
        "tool_result" => {
            let (id, _) = signature::split(f.need_text("tool_use_id", path)?);
            let inner = self::content(f.take("content")?, &format!("{path}.content"), dropped)?;
            let is_error = f.read("is_error", path)?.unwrap_or(false);
            Content::ToolResult(ToolResult {
                id,
                name: None,
                content: inner,
                is_error,
            })
        }
        "thinking" => Content::Reasoning {
            text: f.text("thinking", path)?.unwrap_or_default(),
            signature: f.text("signature", path)?.filter(|s| !s.is_empty()),
        },
        "redacted_thinking" => Content::Redacted(f.need_text("data", path)?),
        other => {
            return Err(Invalid::new(
                format!("{path}.type"),
                format!("{other:?} blocks exist in this format only, and can't be translated"),
            ));
        }
    };
    let cache = cache(&mut f, path)?;
    for (name, value) in f.rest() {
        // Asking for citations is asking for something; having none is not.
        if value.get() != "[]" {
            dropped.add(format!("{path}.{name}"));
        }
    }
    Ok(Part { content, cache })
}

fn media<'a>(mut source: Fields<'a>, path: &str) -> Result<Media<'a>, Invalid> {
    let path = &format!("{path}.source");
    let kind = source.need_text("type", path)?;
    let source = match &*kind {
        "base64" => Source::Data {
            media_type: source.need_text("media_type", path)?,
            data: source.need_text("data", path)?,
        },
        "url" => Source::Url {
            media_type: None,
            url: source.need_text("url", path)?,
        },
        "file" => Source::File(source.need_text("file_id", path)?),
        "text" => Source::Text(source.need_text("data", path)?),
        other => {
            return Err(Invalid::new(
                format!("{path}.type"),
                format!("{other:?} can't be translated"),
            ));
        }
    };
    Ok(Media {
        source,
        name: None,
        detail: None,
    })
}

/// Arguments as the object that this format, Gemini's and Bedrock's want; what is none is kept as text in one.
pub(crate) fn arguments<'a>(text: &'a str) -> Cow<'a, str> {
    let text = text.trim();
    if text.is_empty() {
        return "{}".into();
    }
    match serde_json::from_str::<&'a RawValue>(text) {
        Ok(raw) if raw.get().starts_with('{') => raw.get().into(),
        _ => {
            let mut object = Vec::with_capacity(text.len() + 32);
            Writer::new(&mut object).object(|w| w.put("arguments", text));
            String::from_utf8(object).unwrap_or_default().into()
        }
    }
}
