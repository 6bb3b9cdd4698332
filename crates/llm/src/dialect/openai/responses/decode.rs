//! A Responses request, read.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Sealed, custom_arguments, unseal};
use crate::conversation::{
    Content, Conversation, Effort, Media, Output, Param, Part, Reasoning, Role, Source, ToolCall,
    ToolResult,
};
use crate::dialect::native::NativeTools;
use crate::dialect::openai::chat::decode::{function, schema_output, tool_choice};
use crate::dialect::openai::chat::{EXTRAS, asks_nothing};
use crate::dialect::signature;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, parse};
use crate::wire::Wire;

/// Fields that refer to what OpenAI keeps.
const KEPT: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// Reads a request.
pub(crate) fn request<'a>(
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Invalid> {
    let mut fields = Fields::parse(body, "")?;
    let f = &mut fields;
    let mut c = Conversation::new(Wire::Responses);
    refuse_kept(f)?;
    c.model = f.text("model", "")?.unwrap_or_default();
    c.stream = f.read("stream", "")?.unwrap_or(false);
    f.take("stream_options")?;
    c.max_tokens = f.read("max_output_tokens", "")?;
    c.temperature = f.read("temperature", "")?;
    c.top_p = f.read("top_p", "")?;
    c.user = f.text("user", "")?;
    c.logprobs = f.read("top_logprobs", "")?.filter(|n: &u64| *n > 0);
    c.parallel_tools = f.read("parallel_tool_calls", "")?;
    c.tool_choice = f.take("tool_choice")?.map(tool_choice).transpose()?;
    tools(f.read("tools", "")?.unwrap_or_default(), &mut c, dropped)?;
    reasoning(f, &mut c, dropped)?;
    if let Some(text) = f.read::<Fields<'a>>("text", "")? {
        shape(text, &mut c, dropped)?;
    }
    for name in EXTRAS {
        if let Some(value) = f.take(name)?.filter(|v| !asks_nothing(name, v.get())) {
            c.extras.push((name, value));
        }
    }
    for name in f.read::<Vec<Text<'a>>>("include", "")?.unwrap_or_default() {
        // What there is of it comes unasked.
        if name.0 != "reasoning.encrypted_content" {
            dropped.add("include");
        }
    }
    let instructions = f.text("instructions", "")?;
    c.system
        .extend(instructions.filter(|t| !t.is_empty()).map(Part::text));
    let input = f.take("input")?.ok_or_else(|| Invalid::missing("input"))?;
    for (name, value) in fields.rest() {
        if !asks_nothing(&name, value.get()) {
            dropped.add(name.into_owned());
        }
    }
    if input.get().starts_with('"') {
        c.push(
            Role::User,
            vec![Part::text(parse::<Text<'a>>(input.get(), "input")?.0)],
        );
        return Ok(c);
    }
    for item in parse::<Vec<Fields<'a>>>(input.get(), "input")? {
        self::item(item, &mut c, dropped)?;
    }
    Ok(c)
}

/// What only OpenAI can do, since it has what is meant.
fn refuse_kept(f: &mut Fields<'_>) -> Result<(), Invalid> {
    for name in KEPT {
        if f.take(name)?.is_some() {
            return Err(Invalid::new(
                name,
                "refers to what OpenAI keeps, which another provider can't read: send the whole input",
            ));
        }
    }
    if f.read("background", "")? == Some(true) {
        return Err(Invalid::new(
            "background",
            "is OpenAI's own, and can't be translated",
        ));
    }
    Ok(())
}

fn tools<'a>(
    tools: Vec<Fields<'a>>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let mut native = NativeTools::default();
    for mut tool in tools {
        let kind = tool.need_text("type", "tools[]")?;
        if kind == "function" {
            c.tools.push(function(tool, None, "tools[]", dropped)?);
        } else {
            native.add(&kind);
        }
    }
    native.settle(c.tools.is_empty(), "OpenAI", dropped)
}

fn reasoning<'a>(
    f: &mut Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let Some(mut asked) = f.read::<Fields<'a>>("reasoning", "")? else {
        return Ok(());
    };
    let word = asked.text("effort", "reasoning")?;
    let effort = word
        .map(|word| {
            Effort::parse(&word)
                .ok_or_else(|| Invalid::new("reasoning.effort", "is no known effort"))
        })
        .transpose()?;
    let summary = asked.text("summary", "reasoning")?;
    let older = asked.text("generate_summary", "reasoning")?;
    let show = summary.or(older).map(|_| true);
    if effort.is_some() || show.is_some() {
        c.reasoning = Some(Reasoning {
            effort: effort.or(Some(Effort::Medium)),
            budget: None,
            show,
        });
    }
    asked
        .rest()
        .for_each(|(name, _)| dropped.add(format!("reasoning.{name}")));
    Ok(())
}

/// `text` says what shape the answer has, and how long-winded it is.
fn shape<'a>(
    mut text: Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    if let Some(value) = text.take("verbosity")? {
        c.extras.push(("verbosity", value));
    }
    if let Some(mut format) = text.read::<Fields<'a>>("format", "text")? {
        c.output = match &*format.need_text("type", "text.format")? {
            "text" => Output::Text,
            "json_object" => Output::Json,
            "json_schema" => schema_output(format, "text.format")?,
            other => {
                return Err(Invalid::new(
                    "text.format.type",
                    format!("{other:?} can't be translated"),
                ));
            }
        };
    }
    text.rest()
        .for_each(|(name, _)| dropped.add(format!("text.{name}")));
    Ok(())
}

fn item<'a>(
    mut f: Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let path = "input[]";
    // Many leave the type of messages out.
    let kind = f.text("type", path)?.unwrap_or("message".into());
    match &*kind {
        "message" => return message(f, c, dropped),
        "function_call" => {
            let (id, signature) = signature::split(f.need_text("call_id", path)?);
            let call = ToolCall {
                id,
                arguments: f.text("arguments", path)?.unwrap_or_default(),
                name: f.need_text("name", path)?,
                signature,
            };
            c.push(Role::Assistant, vec![Content::ToolCall(call).into()]);
        }
        // What a client's own tool was given as a text is the one field of an object elsewhere.
        "custom_tool_call" => {
            let call = ToolCall {
                id: f.need_text("call_id", path)?,
                arguments: custom_arguments(&f.need_text("input", path)?).into(),
                name: f.need_text("name", path)?,
                signature: None,
            };
            c.push(Role::Assistant, vec![Content::ToolCall(call).into()]);
        }
        // What OpenAI looked up itself is told again in the message that follows.
        "web_search_call" | "file_search_call" | "mcp_list_tools" => {
            dropped.add(format!("{path}.{kind}"));
            return Ok(());
        }
        "function_call_output" | "custom_tool_call_output" => {
            let (id, _) = signature::split(f.need_text("call_id", path)?);
            let content = output(f.take("output")?, dropped)?;
            let result = ToolResult {
                id,
                name: None,
                content,
                is_error: false,
            };
            c.push(Role::User, vec![Content::ToolResult(result).into()]);
        }
        "reasoning" => {
            let parts = thought(&mut f, dropped)?;
            if !parts.is_empty() {
                c.push(Role::Assistant, parts);
            }
        }
        "item_reference" => {
            return Err(Invalid::new(
                "input[].type",
                "an item_reference is to what OpenAI keeps, which another provider can't read: send the items themselves, as SDKs do with \"store\": false",
            ));
        }
        other => {
            return Err(Invalid::new(
                "input[].type",
                format!("{other:?} items exist in this format only, and can't be translated"),
            ));
        }
    }
    leftovers(f, path, dropped);
    Ok(())
}

/// Ids and states are the provider's own, and say nothing to a model.
fn leftovers(f: Fields<'_>, path: &str, dropped: &mut Dropped) {
    let rest = f.rest().filter(|(name, v)| {
        !matches!(&**name, "id" | "status" | "phase") && !asks_nothing(name, v.get())
    });
    rest.for_each(|(name, _)| dropped.add(format!("{path}.{name}")));
}

fn message<'a>(
    mut f: Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let path = "input[]";
    let role = f.need_text("role", path)?;
    let parts = content(f.take("content")?, "input[].content", dropped)?;
    leftovers(f, path, dropped);
    match &*role {
        "system" | "developer" if c.messages.is_empty() => c.system.extend(parts),
        "system" | "developer" => c.push(Role::System, parts),
        "user" => c.push(Role::User, parts),
        "assistant" => c.push(Role::Assistant, parts),
        other => {
            return Err(Invalid::new(
                "input[].role",
                format!("{other:?} is no known role"),
            ));
        }
    }
    Ok(())
}

fn content<'a>(
    raw: Option<&'a RawValue>,
    path: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, Invalid> {
    let Some(raw) = raw else {
        return Ok(Vec::new());
    };
    if raw.get().starts_with('"') {
        let text = parse::<Text<'a>>(raw.get(), path)?.0;
        return Ok(if text.is_empty() {
            Vec::new()
        } else {
            vec![Part::text(text)]
        });
    }
    let path = format!("{path}[]");
    parse::<Vec<Fields<'a>>>(raw.get(), &path)?
        .into_iter()
        .map(|f| part(f, &path, dropped))
        .collect()
}

/// A result may be a text, or a list of parts.
fn output<'a>(raw: Option<&'a RawValue>, dropped: &mut Dropped) -> Result<Vec<Part<'a>>, Invalid> {
    match raw {
        // Some clients send the object that their function gave.
        Some(raw) if raw.get().starts_with('{') => Ok(vec![Part::text(raw.get())]),
        other => content(other, "input[].output", dropped),
    }
}

fn part<'a>(mut f: Fields<'a>, path: &str, dropped: &mut Dropped) -> Result<Part<'a>, Invalid> {
    let kind = f.need_text("type", path)?;
    let content = match &*kind {
        "input_text" | "output_text" | "text" => Content::Text(f.need_text("text", path)?),
        "refusal" => Content::Refusal(f.need_text("refusal", path)?),
        "input_image" => {
            let detail = f.text("detail", path)?.filter(|d| d != "auto");
            let media = match f.text("image_url", path)? {
                Some(url) => Media::from_url(url),
                None => by_id(f.need_text("file_id", path)?),
            };
            Content::Image(Media { detail, ..media })
        }
        "input_file" => {
            let name = f.text("filename", path)?;
            let media = match (f.text("file_data", path)?, f.text("file_url", path)?) {
                (Some(data), _) => file(data),
                (None, Some(url)) => Media::from_url(url),
                (None, None) => by_id(f.need_text("file_id", path)?),
            };
            Content::Document(Media { name, ..media })
        }
        other => {
            return Err(Invalid::new(
                format!("{path}.type"),
                format!("{other:?} can't be translated"),
            ));
        }
    };
    leftovers(f, path, dropped);
    Ok(content.into())
}

fn by_id(id: Cow<'_, str>) -> Media<'_> {
    Media {
        source: Source::File(id),
        name: None,
        detail: None,
    }
}

fn file(data: Cow<'_, str>) -> Media<'_> {
    let media = Media::from_url(data);
    match media.source {
        Source::Url { url, .. } => {
            let source = Source::Data {
                media_type: "application/pdf".into(),
                data: url,
            };
            Media {
                source,
                name: None,
                detail: None,
            }
        }
        source => Media {
            source,
            name: None,
            detail: None,
        },
    }
}

/// What was thought: a summary, and what its provider wants back.
fn thought<'a>(f: &mut Fields<'a>, dropped: &mut Dropped) -> Result<Vec<Part<'a>>, Invalid> {
    let path = "input[]";
    let mut text = String::new();
    for name in ["summary", "content"] {
        for mut piece in f.read::<Vec<Fields<'a>>>(name, path)?.unwrap_or_default() {
            text.push_str(&piece.text("text", path)?.unwrap_or_default());
        }
    }
    let signature = match f
        .text("encrypted_content", path)?
        .map(|sealed| unseal(&sealed))
    {
        Some(Sealed::Redacted(data)) => return Ok(vec![Content::Redacted(data).into()]),
        Some(Sealed::Signature(signature)) => Some(signature),
        Some(Sealed::Foreign) => {
            dropped.add(Param::ReasoningHistory.name(Wire::Responses));
            None
        }
        None => None,
    };
    if text.is_empty() && signature.is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![
        Content::Reasoning {
            text: text.into(),
            signature,
        }
        .into(),
    ])
}
