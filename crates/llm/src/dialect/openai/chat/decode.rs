//! A chat request, read.

mod messages;

use std::borrow::Cow;

use serde_json::value::RawValue;

pub(crate) use messages::{parts, thoughts};

use super::{EXTRAS, asks_nothing};
use crate::conversation::{Cache, Conversation, Effort, Output, Reasoning, Tool, ToolChoice};
use crate::dialect::native::NativeTools;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, parse};
use crate::wire::Wire;

/// Reads a request.
pub(crate) fn request<'a>(
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Invalid> {
    let mut fields = Fields::parse(body, "")?;
    let f = &mut fields;
    let mut c = Conversation::new(Wire::Chat);
    c.model = f.text("model", "")?.unwrap_or_default();
    c.stream = f.read("stream", "")?.unwrap_or(false);
    if let Some(mut options) = f.read::<Fields<'a>>("stream_options", "")? {
        c.include_usage = options
            .read("include_usage", "stream_options")?
            .unwrap_or(false);
    }
    sampling(f, &mut c)?;
    c.output = output(f.read("response_format", "")?)?;
    let effort = f.text("reasoning_effort", "")?;
    c.reasoning = effort
        .map(|word| {
            Effort::parse(&word)
                .ok_or_else(|| Invalid::new("reasoning_effort", "is no known effort"))
        })
        .transpose()?
        .map(|effort| Reasoning {
            effort: Some(effort),
            ..Reasoning::default()
        });
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
        messages::message(message, &mut c, dropped)?;
    }
    Ok(c)
}

/// What chat and text completions have in common.
pub(crate) fn sampling<'a>(f: &mut Fields<'a>, c: &mut Conversation<'a>) -> Result<(), Invalid> {
    let (older, newer) = (
        f.read("max_tokens", "")?,
        f.read("max_completion_tokens", "")?,
    );
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
        return Ok(parse::<Vec<Text<'_>>>(raw.get(), "stop")?
            .into_iter()
            .map(|t| t.0)
            .collect());
    }
    Ok(vec![parse::<Text<'_>>(raw.get(), "stop")?.0])
}

fn output<'a>(format: Option<Fields<'a>>) -> Result<Output<'a>, Invalid> {
    let Some(mut format) = format else {
        return Ok(Output::Text);
    };
    match &*format.need_text("type", "response_format")? {
        "text" => Ok(Output::Text),
        "json_object" => Ok(Output::Json),
        "json_schema" => schema_output(
            format.need("json_schema", "response_format")?,
            "response_format.json_schema",
        ),
        other => Err(Invalid::new(
            "response_format.type",
            format!("{other:?} is not translated"),
        )),
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
        all.push(self::function(
            function,
            cache,
            "tools[].function",
            dropped,
        )?);
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
    f.rest()
        .for_each(|(name, _)| dropped.add(format!("{path}.{name}")));
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
            Ok(ToolChoice::Named(
                function.need_text("name", "tool_choice.function")?,
            ))
        }
        "allowed_tools" => allowed(choice),
        other => Err(Invalid::new(
            "tool_choice.type",
            format!("{other:?} can't be translated"),
        )),
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
        names.push(
            match tool.read::<Fields<'_>>("function", "tool_choice.allowed_tools.tools[]")? {
                Some(mut function) => {
                    function.need_text("name", "tool_choice.allowed_tools.tools[].function")?
                }
                None => tool.need_text("name", "tool_choice.allowed_tools.tools[]")?,
            },
        );
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
    let Some(mut marker) = f.read::<Fields<'_>>("cache_control", path)? else {
        return Ok(None);
    };
    let ttl = marker.text("ttl", path)?;
    Ok(Some(if ttl.as_deref() == Some("1h") {
        Cache::Hour
    } else {
        Cache::Short
    }))
}
