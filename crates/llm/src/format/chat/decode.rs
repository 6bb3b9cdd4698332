//! A chat request, read.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{EXTRAS, asks_nothing};
use crate::conversation::{
    Cache, Content, Conversation, Effort, Media, Output, Part, Reasoning, Role, Source, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use crate::dropped::Dropped;
use crate::format::{NativeTools, signature};
use crate::json::{Fields, Invalid, Text, parse};
use crate::wire::Wire;

/// Reads a request.
pub(crate) fn request<'a>(body: &'a str, dropped: &mut Dropped) -> Result<Conversation<'a>, Invalid> {
    let mut fields = Fields::parse(body, "")?;
    let f = &mut fields;
    let mut c = Conversation::new(Wire::Chat);
    c.model = f.text("model", "")?.unwrap_or_default();
    c.stream = f.read("stream", "")?.unwrap_or(false);
    if let Some(mut options) = f.read::<Fields<'a>>("stream_options", "")? {
        c.include_usage = options.read("include_usage", "stream_options")?.unwrap_or(false);
    }
    sampling(f, &mut c)?;
    c.output = output(f.read("response_format", "")?)?;
    let effort = f.text("reasoning_effort", "")?;
    c.reasoning = effort
        .map(|word| {
            Effort::parse(&word).ok_or_else(|| Invalid::new("reasoning_effort", "is no known effort"))
        })
        .transpose()?
        .map(|effort| Reasoning { effort: Some(effort), ..Reasoning::default() });
    c.tools = tools(f.read("tools", "")?.unwrap_or_default(), dropped)?;
    c.tool_choice = f.take("tool_choice")?.map(tool_choice).transpose()?;
    c.parallel_tools = f.read("parallel_tool_calls", "")?;
    for name in EXTRAS {
        if let Some(value) = f.take(name)?.filter(|v| !asks_nothing(name, v.get())) {
            c.extras.push((name, value));
        }
    }
    for (name, instead) in [("functions", "tools"), ("function_call", "tool_choice")] {
        if f.take(name)?.is_some_and(|v| !asks_nothing(name, v.get())) {
            return Err(Invalid::new(
                name,
                format!("is an older form that is not translated: write {instead}"),
            ));
        }
    }
    let messages: Vec<Fields<'a>> = f.need("messages", "")?;
    for (name, value) in fields.rest() {
        if !asks_nothing(&name, value.get()) {
            dropped.add(name.into_owned());
        }
    }
    for message in messages {
        self::message(message, &mut c, dropped)?;
    }
    Ok(c)
}

/// What chat and text completions have in common.
pub(crate) fn sampling<'a>(f: &mut Fields<'a>, c: &mut Conversation<'a>) -> Result<(), Invalid> {
    let (older, newer) = (f.read("max_tokens", "")?, f.read("max_completion_tokens", "")?);
    c.max_tokens = newer.or(older);
    c.temperature = f.read("temperature", "")?;
    c.top_p = f.read("top_p", "")?;
    c.top_k = f.read("top_k", "")?;
    c.seed = f.read("seed", "")?;
    c.presence_penalty = f.read("presence_penalty", "")?;
    c.frequency_penalty = f.read("frequency_penalty", "")?;
    c.choices = f.read("n", "")?;
    c.user = f.text("user", "")?;
    c.stop = f.take("stop")?.map(texts).transpose()?.unwrap_or_default();
    let top = f.read::<u64>("top_logprobs", "")?;
    if f.take("logprobs")?.is_some_and(|v| v.get() != "false") {
        c.logprobs = Some(top.unwrap_or(0));
    }
    Ok(())
}

/// A string or a list of strings.
fn texts(raw: &RawValue) -> Result<Vec<Cow<'_, str>>, Invalid> {
    if raw.get().starts_with('[') {
        return Ok(parse::<Vec<Text<'_>>>(raw.get(), "stop")?.into_iter().map(|t| t.0).collect());
    }
    Ok(vec![parse::<Text<'_>>(raw.get(), "stop")?.0])
}

fn output<'a>(format: Option<Fields<'a>>) -> Result<Output<'a>, Invalid> {
    let Some(mut format) = format else { return Ok(Output::Text) };
    match &*format.need_text("type", "response_format")? {
        "text" => Ok(Output::Text),
        "json_object" => Ok(Output::Json),
        "json_schema" => {
            schema_output(format.need("json_schema", "response_format")?, "response_format.json_schema")
        }
        other => Err(Invalid::new("response_format.type", format!("{other:?} is not translated"))),
    }
}

/// `{name, schema, strict, description}`, in chat and in Responses.
pub(crate) fn schema_output<'a>(mut f: Fields<'a>, path: &str) -> Result<Output<'a>, Invalid> {
    let schema = f.take("schema")?.map_or("{}", RawValue::get);
    Ok(Output::Schema {
        name: f.text("name", path)?,
        description: f.text("description", path)?,
        schema: schema.into(),
        strict: f.read("strict", path)?,
    })
}

fn tools<'a>(tools: Vec<Fields<'a>>, dropped: &mut Dropped) -> Result<Vec<Tool<'a>>, Invalid> {
    let (mut all, mut native) = (Vec::with_capacity(tools.len()), NativeTools::default());
    for mut tool in tools {
        let kind = tool.text("type", "tools[]")?.unwrap_or("function".into());
        if kind != "function" {
            native.add(&kind);
            continue;
        }
        let cache = cache(&mut tool, "tools[]")?;
        let function = tool.need("function", "tools[]")?;
        all.push(self::function(function, cache, "tools[].function", dropped)?);
    }
    native.settle(all.is_empty(), "OpenAI", dropped)?;
    Ok(all)
}

/// `{name, description, parameters, strict}`, in chat and, flat, in Responses.
pub(crate) fn function<'a>(
    mut f: Fields<'a>,
    cache: Option<Cache>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Tool<'a>, Invalid> {
    let tool = Tool {
        name: f.need_text("name", path)?,
        description: f.text("description", path)?,
        schema: f.take("parameters")?.map(|raw| raw.get().into()),
        strict: f.read("strict", path)?,
        cache,
    };
    f.rest().for_each(|(name, _)| dropped.add(format!("{path}.{name}")));
    Ok(tool)
}

pub(crate) fn tool_choice(raw: &RawValue) -> Result<ToolChoice<'_>, Invalid> {
    let path = "tool_choice";
    if raw.get().starts_with('"') {
        return match &*parse::<Text<'_>>(raw.get(), path)?.0 {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" | "any" => Ok(ToolChoice::Any),
            other => Err(Invalid::new(path, format!("{other:?} is no known choice"))),
        };
    }
    let mut choice = Fields::parse(raw.get(), path)?;
    let kind = choice.need_text("type", path)?;
    match &*kind {
        "function" => {
            // In Responses the name stands beside the type.
            if let Some(name) = choice.text("name", path)? {
                return Ok(ToolChoice::Named(name));
            }
            let mut function: Fields<'_> = choice.need("function", path)?;
            Ok(ToolChoice::Named(function.need_text("name", "tool_choice.function")?))
        }
        "allowed_tools" => allowed(choice),
        other => Err(Invalid::new("tool_choice.type", format!("{other:?} can't be translated"))),
    }
}

fn allowed(mut choice: Fields<'_>) -> Result<ToolChoice<'_>, Invalid> {
    let mut inner = match choice.read("allowed_tools", "tool_choice")? {
        Some(inner) => inner,
        None => choice,
    };
    let mode = inner.text("mode", "tool_choice.allowed_tools")?;
    let tools: Vec<Fields<'_>> = inner.need("tools", "tool_choice.allowed_tools")?;
    let mut names = Vec::with_capacity(tools.len());
    for mut tool in tools {
        names.push(match tool.read::<Fields<'_>>("function", "tool_choice.allowed_tools.tools[]")? {
            Some(mut function) => function.need_text("name", "tool_choice.allowed_tools.tools[].function")?,
            None => tool.need_text("name", "tool_choice.allowed_tools.tools[]")?,
        });
    }
    if mode.as_deref() == Some("required") {
        return Ok(ToolChoice::Allowed(names));
    }
    Err(Invalid::new(
        "tool_choice.allowed_tools",
        "with mode auto can't be translated: send only the tools allowed",
    ))
}

/// A marker of the prompt cache, as Anthropic has it and compatible servers take it.
pub(crate) fn cache(f: &mut Fields<'_>, path: &str) -> Result<Option<Cache>, Invalid> {
    let Some(mut marker) = f.read::<Fields<'_>>("cache_control", path)? else { return Ok(None) };
    let ttl = marker.text("ttl", path)?;
    Ok(Some(if ttl.as_deref() == Some("1h") { Cache::Hour } else { Cache::Short }))
}

fn message<'a>(mut m: Fields<'a>, c: &mut Conversation<'a>, dropped: &mut Dropped) -> Result<(), Invalid> {
    let path = "messages[]";
    let role = m.need_text("role", path)?;
    let content = m.take("content")?;
    match &*role {
        "system" | "developer" => {
            let parts = parts(content, path, dropped)?;
            if c.messages.is_empty() { c.system.extend(parts) } else { c.push(Role::System, parts) }
        }
        "user" => c.push(Role::User, parts(content, path, dropped)?),
        "tool" => {
            let (id, _) = signature::split(m.need_text("tool_call_id", path)?);
            let result =
                ToolResult { id, name: None, content: parts(content, path, dropped)?, is_error: false };
            c.push(Role::User, vec![Content::ToolResult(result).into()]);
        }
        "assistant" => {
            let parts = assistant(&mut m, content, dropped)?;
            c.push(Role::Assistant, parts);
        }
        other => {
            return Err(Invalid::new("messages[].role", format!("{other:?} can't be translated")));
        }
    }
    for (name, value) in m.rest() {
        if !asks_nothing(&name, value.get()) {
            dropped.add(format!("messages[].{name}"));
        }
    }
    Ok(())
}

fn assistant<'a>(
    m: &mut Fields<'a>,
    content: Option<&'a RawValue>,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let path = "messages[]";
    let mut all = thoughts(m)?;
    all.extend(parts(content, path, dropped)?);
    if let Some(text) = m.text("refusal", path)?.filter(|t| !t.is_empty()) {
        all.push(Content::Refusal(text).into());
    }
    if m.take("function_call")?.is_some() {
        return Err(Invalid::new(
            "messages[].function_call",
            "is an older form that is not translated: write tool_calls",
        ));
    }
    for mut call in m.read::<Vec<Fields<'a>>>("tool_calls", path)?.unwrap_or_default() {
        let path = "messages[].tool_calls[]";
        let mut function: Fields<'a> = call.need("function", path)?;
        let (id, signature) = signature::split(call.need_text("id", path)?);
        let arguments = match function.take("arguments")? {
            // Some servers, and those who quote them, have an object here.
            Some(raw) if raw.get().starts_with('{') => Cow::Borrowed(raw.get()),
            Some(raw) => parse::<Text<'a>>(raw.get(), "messages[].tool_calls[].function.arguments")?.0,
            None => Cow::Borrowed(""),
        };
        let name = function.need_text("name", "messages[].tool_calls[].function")?;
        all.push(Content::ToolCall(ToolCall { id, name, arguments, signature }).into());
    }
    Ok(all)
}

/// What compatible servers and gateways call reasoning: `thinking_blocks` with signatures, else `reasoning_content` or `reasoning`.
pub(crate) fn thoughts<'a>(m: &mut Fields<'a>) -> Result<Vec<Part<'a>>, Invalid> {
    let path = "messages[]";
    let plain = m.text("reasoning_content", path)?;
    let newer = match m.take("reasoning")? {
        Some(raw) if raw.get().starts_with('"') => {
            Some(parse::<Text<'a>>(raw.get(), "messages[].reasoning")?.0)
        }
        _ => None,
    };
    let mut all = Vec::new();
    for mut block in m.read::<Vec<Fields<'a>>>("thinking_blocks", path)?.unwrap_or_default() {
        let path = "messages[].thinking_blocks[]";
        if let Some(data) = block.text("data", path)? {
            all.push(Content::Redacted(data).into());
        } else {
            let text = block.text("thinking", path)?.unwrap_or_default();
            all.push(Content::Reasoning { text, signature: block.text("signature", path)? }.into());
        }
    }
    if all.is_empty()
        && let Some(text) = plain.or(newer).filter(|t| !t.is_empty())
    {
        all.push(Content::Reasoning { text, signature: None }.into());
    }
    Ok(all)
}

/// A content: a string, or a list of parts.
pub(crate) fn parts<'a>(
    content: Option<&'a RawValue>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let Some(content) = content else { return Ok(Vec::new()) };
    let path = format!("{path}.content");
    if content.get().starts_with('"') {
        let text = parse::<Text<'a>>(content.get(), &path)?.0;
        return Ok(if text.is_empty() { Vec::new() } else { vec![Part::text(text)] });
    }
    let list: Vec<Fields<'a>> = parse(content.get(), &path)?;
    let path = format!("{path}[]");
    list.into_iter().map(|f| part(f, &path, dropped)).collect()
}

fn part<'a>(mut f: Fields<'a>, path: &str, dropped: &mut Dropped) -> Result<Part<'a>, Invalid> {
    let kind = f.need_text("type", path)?;
    let content = match &*kind {
        "text" | "input_text" | "output_text" => Content::Text(f.need_text("text", path)?),
        "refusal" => Content::Refusal(f.need_text("refusal", path)?),
        "image_url" => {
            #[derive(Deserialize)]
            struct Image<'a> {
                #[serde(borrow)]
                url: Text<'a>,
                #[serde(borrow)]
                detail: Option<Text<'a>>,
            }
            let image: Image<'a> = f.need("image_url", path)?;
            Content::Image(Media { detail: image.detail.map(|d| d.0), ..Media::from_url(image.url.0) })
        }
        "input_audio" => {
            let mut audio: Fields<'a> = f.need("input_audio", path)?;
            let format = audio.need_text("format", path)?;
            let media_type = format!("audio/{format}").into();
            let source = Source::Data { media_type, data: audio.need_text("data", path)? };
            Content::Audio(Media { source, name: None, detail: None })
        }
        "file" => Content::Document(file(f.need("file", path)?, path)?),
        // Mistral's.
        "thinking" => Content::Reasoning {
            text: mistral_thinking(&mut f, path)?,
            signature: f.text("signature", path)?,
        },
        other => return Err(Invalid::new(format!("{path}.type"), format!("{other:?} can't be translated"))),
    };
    let cache = cache(&mut f, path)?;
    f.rest()
        .filter(|(name, v)| !asks_nothing(name, v.get()))
        .for_each(|(name, _)| dropped.add(format!("{path}.{name}")));
    Ok(Part { content, cache })
}

fn mistral_thinking<'a>(f: &mut Fields<'a>, path: &str) -> Result<Cow<'a, str>, Invalid> {
    f.take("closed")?;
    let Some(raw) = f.take("thinking")? else { return Ok("".into()) };
    if raw.get().starts_with('"') {
        return Ok(parse::<Text<'a>>(raw.get(), path)?.0);
    }
    let mut text = String::new();
    for mut chunk in parse::<Vec<Fields<'a>>>(raw.get(), path)? {
        text.push_str(&chunk.text("text", path)?.unwrap_or_default());
    }
    Ok(text.into())
}

fn file<'a>(mut f: Fields<'a>, path: &str) -> Result<Media<'a>, Invalid> {
    let name = f.text("filename", path)?;
    if let Some(data) = f.text("file_data", path)? {
        let media = Media::from_url(data);
        let source = match media.source {
            Source::Url { url, .. } => Source::Data { media_type: "application/pdf".into(), data: url },
            other => other,
        };
        return Ok(Media { source, name, detail: None });
    }
    Ok(Media { source: Source::File(f.need_text("file_id", path)?), name, detail: None })
}
