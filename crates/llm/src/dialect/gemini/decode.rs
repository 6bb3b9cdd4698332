//! A generateContent request, read. Names may be in camel case or in snake case: the API takes both.

mod parts;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use parts::answer_part;
use parts::{Ids, instruction, parts};

use super::schema::to_json_schema;
use crate::conversation::{Conversation, Effort, Output, Reasoning, Role, Tool, ToolChoice};
use crate::dialect::native::NativeTools;
use crate::dropped::Dropped;
use crate::json::{Fields, Invalid, Text, parse};
use crate::wire::Wire;

/// A field by either of its names.
fn read<'a, T: Deserialize<'a>>(
    f: &mut Fields<'a>,
    camel: &str,
    snake: &str,
    path: &str,
) -> Result<Option<T>, Invalid> {
    match f.read(camel, path)? {
        Some(value) => Ok(Some(value)),
        None => f.read(snake, path),
    }
}

fn text<'a>(
    f: &mut Fields<'a>,
    camel: &str,
    snake: &str,
    path: &str,
) -> Result<Option<Cow<'a, str>>, Invalid> {
    Ok(read::<Text<'a>>(f, camel, snake, path)?.map(|t| t.0))
}

/// Reads a request to generate, or to count: one of those may hold the other.
pub(crate) fn request<'a>(
    body: &'a str,
    dropped: &mut Dropped,
) -> Result<Conversation<'a>, Invalid> {
    let mut fields = Fields::parse(body, "")?;
    if let Some(inner) = read::<Fields<'a>>(
        &mut fields,
        "generateContentRequest",
        "generate_content_request",
        "",
    )? {
        fields = inner;
    }
    let f = &mut fields;
    let mut c = Conversation::new(Wire::Generate);
    c.model = bare(f.text("model", "")?.unwrap_or_default());
    if f.has("cachedContent") || f.has("cached_content") {
        return Err(Invalid::new(
            "cachedContent",
            "is kept by Google, and can't be read by another provider",
        ));
    }
    let mut ids = Ids::default();
    if let Some(raw) = match f.take("systemInstruction")? {
        Some(raw) => Some(raw),
        None => f.take("system_instruction")?,
    } {
        c.system = instruction(raw, &mut ids, dropped)?;
    }
    let mut native = NativeTools::default();
    for tool in f.read::<Vec<Fields<'a>>>("tools", "")?.unwrap_or_default() {
        tools(tool, &mut c, &mut native)?;
    }
    native.settle(c.tools.is_empty(), "Google", dropped)?;
    if let Some(config) = read::<Fields<'a>>(f, "toolConfig", "tool_config", "")? {
        tool_config(config, &mut c, dropped)?;
    }
    if let Some(config) = read::<Fields<'a>>(f, "generationConfig", "generation_config", "")? {
        generation(config, &mut c, dropped)?;
    }
    let raw = f
        .take("contents")?
        .ok_or_else(|| Invalid::missing("contents"))?;
    let contents = match raw.get().as_bytes().first() {
        Some(b'{') => vec![parse(raw.get(), "contents")?],
        _ => parse::<Vec<Fields<'a>>>(raw.get(), "contents")?,
    };
    fields
        .rest()
        .for_each(|(name, _)| dropped.add(name.into_owned()));
    for mut content in contents {
        let role = role(content.text("role", "contents[]")?.as_deref())?;
        let parts = parts(&mut content, "contents[]", &mut ids, dropped)?;
        content
            .rest()
            .for_each(|(name, _)| dropped.add(format!("contents[].{name}")));
        c.push(role, parts);
    }
    Ok(c)
}

/// A model's name without the collection it is in.
fn bare(model: Cow<'_, str>) -> Cow<'_, str> {
    match model {
        Cow::Borrowed(name) => name.strip_prefix("models/").unwrap_or(name).into(),
        Cow::Owned(name) => match name.strip_prefix("models/") {
            Some(bare) => bare.to_owned().into(),
            None => name.into(),
        },
    }
}

fn role(word: Option<&str>) -> Result<Role, Invalid> {
    match word {
        Some("model") => Ok(Role::Assistant),
        None | Some("user" | "function") => Ok(Role::User),
        Some(other) => Err(Invalid::new(
            "contents[].role",
            format!("{other:?} is neither user nor model"),
        )),
    }
}

fn tools<'a>(
    mut f: Fields<'a>,
    c: &mut Conversation<'a>,
    native: &mut NativeTools,
) -> Result<(), Invalid> {
    let path = "tools[].functionDeclarations[]";
    let declared = read::<Vec<Fields<'a>>>(
        &mut f,
        "functionDeclarations",
        "function_declarations",
        "tools[]",
    )?;
    for mut function in declared.unwrap_or_default() {
        let whole = match function.take("parametersJsonSchema")? {
            Some(raw) => Some(raw),
            None => function.take("parameters_json_schema")?,
        };
        let schema = match (whole, function.take("parameters")?) {
            (Some(raw), _) => Some(raw.get().into()),
            (None, Some(raw)) => Some(to_json_schema(raw.get())?.into()),
            (None, None) => None,
        };
        let (name, description) = (
            function.need_text("name", path)?,
            function.text("description", path)?,
        );
        c.tools.push(Tool {
            name,
            description,
            schema,
            strict: None,
            cache: None,
        });
    }
    f.rest().for_each(|(name, _)| native.add(&name));
    Ok(())
}

fn tool_config<'a>(
    mut f: Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let path = "toolConfig";
    if let Some(mut calling) = read::<Fields<'a>>(
        &mut f,
        "functionCallingConfig",
        "function_calling_config",
        path,
    )? {
        let names = read::<Vec<Text<'a>>>(
            &mut calling,
            "allowedFunctionNames",
            "allowed_function_names",
            path,
        )?;
        let mut names: Vec<Cow<'a, str>> =
            names.unwrap_or_default().into_iter().map(|t| t.0).collect();
        c.tool_choice = match (calling.text("mode", path)?.as_deref(), names.len()) {
            (Some("NONE" | "none"), _) => Some(ToolChoice::None),
            (Some("ANY" | "any"), 0) => Some(ToolChoice::Any),
            (Some("ANY" | "any"), 1) => names.pop().map(ToolChoice::Named),
            (Some("ANY" | "any"), _) => Some(ToolChoice::Allowed(names)),
            _ => Some(ToolChoice::Auto),
        };
    }
    f.rest()
        .for_each(|(name, _)| dropped.add(format!("toolConfig.{name}")));
    Ok(())
}

fn generation<'a>(
    mut fields: Fields<'a>,
    c: &mut Conversation<'a>,
    dropped: &mut Dropped,
) -> Result<(), Invalid> {
    let path = "generationConfig";
    let f = &mut fields;
    c.max_tokens = read(f, "maxOutputTokens", "max_output_tokens", path)?;
    c.temperature = f.read("temperature", path)?;
    c.top_p = read(f, "topP", "top_p", path)?;
    c.top_k = read(f, "topK", "top_k", path)?;
    c.choices = read(f, "candidateCount", "candidate_count", path)?;
    c.seed = f.read("seed", path)?;
    c.presence_penalty = read(f, "presencePenalty", "presence_penalty", path)?;
    c.frequency_penalty = read(f, "frequencyPenalty", "frequency_penalty", path)?;
    let stops = read::<Vec<Text<'a>>>(f, "stopSequences", "stop_sequences", path)?;
    c.stop = stops.unwrap_or_default().into_iter().map(|t| t.0).collect();
    let top: Option<u64> = f.read("logprobs", path)?;
    if read(f, "responseLogprobs", "response_logprobs", path)?.unwrap_or(false) {
        c.logprobs = Some(top.unwrap_or(0));
    }
    let media = text(f, "responseMimeType", "response_mime_type", path)?;
    let schema = read::<&'a RawValue>(f, "responseSchema", "response_schema", path)?;
    let whole = read::<&'a RawValue>(f, "responseJsonSchema", "response_json_schema", path)?;
    let schema: Option<Cow<'a, str>> = match (whole, schema) {
        (Some(raw), _) => Some(raw.get().into()),
        (None, Some(raw)) => Some(to_json_schema(raw.get())?.into()),
        (None, None) => None,
    };
    c.output = match (schema, media.as_deref()) {
        (Some(schema), _) => Output::Schema {
            name: None,
            description: None,
            schema,
            strict: None,
        },
        (None, Some("application/json")) => Output::Json,
        (None, None | Some("text/plain")) => Output::Text,
        (None, Some(other)) => {
            return Err(Invalid::new(
                "generationConfig.responseMimeType",
                format!("{other:?} can't be translated"),
            ));
        }
    };
    if let Some(thinking) = read::<Fields<'a>>(f, "thinkingConfig", "thinking_config", path)? {
        c.reasoning = Some(self::thinking(thinking)?);
    }
    let modalities = read::<Vec<Text<'a>>>(f, "responseModalities", "response_modalities", path)?;
    if modalities
        .unwrap_or_default()
        .iter()
        .any(|m| !m.0.eq_ignore_ascii_case("text"))
    {
        return Err(Invalid::new(
            "generationConfig.responseModalities",
            "other than TEXT can't be translated",
        ));
    }
    fields
        .rest()
        .for_each(|(name, _)| dropped.add(format!("generationConfig.{name}")));
    Ok(())
}

fn thinking(mut f: Fields<'_>) -> Result<Reasoning, Invalid> {
    let path = "generationConfig.thinkingConfig";
    let level = text(&mut f, "thinkingLevel", "thinking_level", path)?;
    let budget: Option<i64> = read(&mut f, "thinkingBudget", "thinking_budget", path)?;
    let mut reasoning = Reasoning {
        effort: level.and_then(|word| Effort::parse(&word)),
        budget: budget.and_then(|n| u64::try_from(n).ok()),
        show: read(&mut f, "includeThoughts", "include_thoughts", path)?,
    };
    // -1: as the model likes. To show thoughts is to have some.
    if reasoning.effort.is_none()
        && reasoning.budget.is_none()
        && (budget.is_some() || reasoning.show == Some(true))
    {
        reasoning.effort = Some(Effort::Medium);
    }
    Ok(reasoning)
}
