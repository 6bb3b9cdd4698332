//! What a chat request may look like.

mod fields;

use std::collections::BTreeSet;

use fields::{
    CALLED, CHAT, DEEPSEEK, FUNCTION, MESSAGE, MISTRAL, MISTRAL_MESSAGE, QWEN, STREAM_OPTIONS,
    TOOL, TOOL_CALL,
};
use serde_json::Value;

use crate::answer::{Ask, Choice, words};
use crate::check::{ANY, BOOL, Nulls, OBJ, STR, Wrong, may, must, object, one_of, within};
use crate::reply::Call;
use crate::route::Format;

/// Checks a chat request, and says what it asks.
pub(super) fn chat(call: &Call<'_>, body: &Value) -> Result<Ask, Wrong> {
    let mistral = call.format == Format::Mistral;
    let mut body = body.clone();
    if let (Some(map), Format::Azure) = (body.as_object_mut(), call.format) {
        // The deployment decides; a model in the body is not looked at.
        map.entry("model").or_insert_with(|| "deployment".into());
    }
    let fields = match call.format {
        Format::Mistral => MISTRAL.to_vec(),
        Format::DeepSeek => [CHAT, DEEPSEEK].concat(),
        Format::Qwen => [CHAT, QWEN].concat(),
        _ => CHAT.to_vec(),
    };
    let map = object(&body, "", &fields, Nulls::Absent)?;
    within(map, "temperature", 0.0, if mistral { 1.5 } else { 2.0 })?;
    within(map, "top_p", 0.0, 1.0)?;
    within(map, "n", 1.0, 128.0)?;
    within(map, "max_tokens", 1.0, f64::INFINITY)?;
    within(map, "max_completion_tokens", 1.0, f64::INFINITY)?;
    both(&body, "max_tokens", "max_completion_tokens")?;
    if let Some(options) = body.get("stream_options").filter(|o| !o.is_null()) {
        object(options, "stream_options", STREAM_OPTIONS, Nulls::Absent)?;
        if body["stream"] != true {
            return Err(Wrong::value(
                "stream_options",
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            ));
        }
    }
    if call.format == Format::DeepSeek {
        deepseek(&body)?;
    }
    let mut ask = conversation(&body["messages"], call.format)?;
    tools(&body, mistral, &mut ask)?;
    ask.limit = body["max_completion_tokens"]
        .as_u64()
        .or_else(|| body["max_tokens"].as_u64());
    ask.stop = strings(&body["stop"]);
    ask.think = body["thinking"]["type"] == "enabled" || body["enable_thinking"] == true;
    ask.schema = schema(&body["response_format"])?;
    Ok(ask)
}

/// What DeepSeek refuses of what OpenAI takes.
fn deepseek(body: &Value) -> Result<(), Wrong> {
    if body["response_format"]["type"] == "json_schema" {
        return Err(Wrong::value(
            "response_format",
            "This response_format type is unavailable now",
        ));
    }
    // Its models think unless they are told not to.
    let thinks = body["thinking"]["type"] != "disabled";
    for (i, message) in body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let mut parts = message["content"].as_array().into_iter().flatten();
        if let Some(other) = parts.find(|part| part["type"] != "text") {
            let message = format!(
                "Failed to deserialize the JSON body into the target type: messages[{i}]: unknown variant `{}`, expected `text`",
                other["type"].as_str().unwrap_or_default()
            );
            return Err(Wrong::value(format!("messages[{i}]"), message));
        }
        let has_calls = message["tool_calls"]
            .as_array()
            .is_some_and(|calls| !calls.is_empty());
        let thought = message["reasoning_content"].as_str().unwrap_or_default();
        if thinks && has_calls && thought.is_empty() {
            let message =
                "The `reasoning_content` in the thinking mode must be passed back to the API.";
            return Err(Wrong::value(format!("messages[{i}]"), message));
        }
    }
    Ok(())
}

fn both(body: &Value, a: &str, b: &str) -> Result<(), Wrong> {
    if body[a].is_null() || body[b].is_null() {
        return Ok(());
    }
    Err(Wrong::value(
        a,
        format!("Setting '{a}' and '{b}' at the same time is not supported."),
    ))
}

fn conversation(messages: &Value, format: Format) -> Result<Ask, Wrong> {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    if messages.is_empty() {
        return Err(Wrong::value(
            "messages",
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        ));
    }
    let mut ask = Ask::default();
    let mut open = BTreeSet::new();
    for (i, message) in messages.iter().enumerate() {
        let at = format!("messages[{i}]");
        let fields = match format {
            Format::Mistral => MISTRAL_MESSAGE.to_vec(),
            // It wants back what it thought between calls of tools.
            Format::DeepSeek => [
                MESSAGE,
                &[may("reasoning_content", STR), may("prefix", BOOL)],
            ]
            .concat(),
            _ => MESSAGE.to_vec(),
        };
        object(message, &at, &fields, Nulls::Absent)?;
        let text = content(message, &at)?;
        ask.prompt_tokens += words(&text);
        take(&mut ask, &mut open, message, text, &at, format)?;
    }
    match open.first() {
        Some(id) => Err(unanswered(id)),
        None => Ok(ask),
    }
}

fn unanswered(id: &str) -> Wrong {
    Wrong::value(
        "messages",
        format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
             'tool_call_id'. The following tool_call_ids did not have response messages: {id}"
        ),
    )
}

fn take(
    ask: &mut Ask,
    open: &mut BTreeSet<String>,
    message: &Value,
    text: String,
    at: &str,
    format: Format,
) -> Result<(), Wrong> {
    let role = message["role"].as_str().unwrap_or_default();
    let few = matches!(format, Format::Mistral | Format::DeepSeek | Format::Qwen);
    let roles: &[&str] = if few {
        &["system", "user", "assistant", "tool"]
    } else {
        &[
            "system",
            "developer",
            "user",
            "assistant",
            "tool",
            "function",
        ]
    };
    one_of(&message["role"], &format!("{at}.role"), roles)?;
    if let Some(id) = open.first().filter(|_| role != "tool") {
        return Err(unanswered(id));
    }
    let has_content = !message["content"].is_null();
    if !has_content
        && (role != "assistant" || message["tool_calls"].is_null() && message["refusal"].is_null())
    {
        return Err(Wrong::missing(format!("{at}.content")));
    }
    match role {
        "system" | "developer" => {
            if !ask.system.is_empty() {
                ask.system.push_str("\n\n");
            }
            ask.system.push_str(&text);
        }
        "user" => {
            ask.user = text;
            ask.tool_results.clear();
        }
        "assistant" => {
            ask.tool_results.clear();
            *open = calls(&message["tool_calls"], at)?;
        }
        "tool" => {
            let id = message["tool_call_id"]
                .as_str()
                .ok_or_else(|| Wrong::missing(format!("{at}.tool_call_id")))?;
            if !open.remove(id) {
                return Err(Wrong::value(
                    format!("{at}.role"),
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with \
                     'tool_calls'.",
                ));
            }
            ask.tool_results.push(text);
        }
        _ => {}
    }
    Ok(())
}

fn calls(calls: &Value, at: &str) -> Result<BTreeSet<String>, Wrong> {
    let mut ids = BTreeSet::new();
    for (i, call) in calls.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}.tool_calls[{i}]");
        object(call, &at, TOOL_CALL, Nulls::Absent)?;
        object(
            &call["function"],
            &format!("{at}.function"),
            CALLED,
            Nulls::Absent,
        )?;
        ids.extend(call["id"].as_str().map(str::to_owned));
    }
    Ok(ids)
}

/// The text of a message's content, whose parts are checked.
fn content(message: &Value, at: &str) -> Result<String, Wrong> {
    let parts = match &message["content"] {
        Value::String(text) => return Ok(text.clone()),
        Value::Array(parts) => parts,
        _ => return Ok(String::new()),
    };
    let mut texts = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let at = format!("{at}.content[{i}]");
        let kind = part["type"]
            .as_str()
            .ok_or_else(|| Wrong::missing(format!("{at}.type")))?;
        let kinds = [
            "text",
            "image_url",
            "input_audio",
            "file",
            "refusal",
            "thinking",
            "video_url",
        ];
        one_of(&part["type"], &format!("{at}.type"), &kinds)?;
        object(
            part,
            &at,
            &[
                must("type", STR),
                must(field_of(kind), ANY),
                may("signature", STR),
                may("closed", BOOL),
                may("cache_control", OBJ),
            ],
            Nulls::Absent,
        )?;
        if kind == "image_url" && part["image_url"]["url"].as_str().is_none() {
            return Err(Wrong::missing(format!("{at}.image_url.url")));
        }
        texts.extend(part["text"].as_str());
    }
    Ok(texts.join(" "))
}

fn field_of(kind: &str) -> &'static str {
    match kind {
        "image_url" => "image_url",
        "input_audio" => "input_audio",
        "file" => "file",
        "refusal" => "refusal",
        "thinking" => "thinking",
        "video_url" => "video_url",
        _ => "text",
    }
}

fn tools(body: &Value, mistral: bool, ask: &mut Ask) -> Result<(), Wrong> {
    let tools = body["tools"].as_array();
    if tools.is_some_and(Vec::is_empty) {
        return Err(Wrong::value(
            "tools",
            "Invalid 'tools': empty array. Expected an array with minimum length 1.",
        ));
    }
    for (i, tool) in tools.into_iter().flatten().enumerate() {
        let at = format!("tools[{i}]");
        object(tool, &at, TOOL, Nulls::Absent)?;
        if tool["type"] == "function" {
            object(
                &tool["function"],
                &format!("{at}.function"),
                FUNCTION,
                Nulls::Absent,
            )?;
            let name = tool["function"]["name"].as_str().unwrap_or_default();
            tool_name(name, &format!("{at}.function.name"))?;
            ask.tools
                .push((name.to_owned(), tool["function"]["parameters"].clone()));
        }
    }
    if ask.tools.is_empty()
        && !body["tool_choice"].is_null()
        && tools.is_none()
        && body["tool_choice"] != "none"
    {
        return Err(Wrong::value(
            "tool_choice",
            "'tool_choice' is only allowed when 'tools' are specified.",
        ));
    }
    let words: &[&str] = if mistral {
        &["none", "auto", "any", "required"]
    } else {
        &["none", "auto", "required"]
    };
    one_of(&body["tool_choice"], "tool_choice", words)?;
    ask.choice = match &body["tool_choice"] {
        Value::String(s) if s == "none" => Choice::Never,
        Value::String(s) if s == "required" || s == "any" => Choice::Any,
        Value::Object(o) => Choice::Named(
            o.get("function")
                .map_or("", |f| f["name"].as_str().unwrap_or(""))
                .into(),
        ),
        _ => Choice::Auto,
    };
    Ok(())
}

/// `[a-zA-Z0-9_-]{1,64}`.
pub(crate) fn tool_name(name: &str, at: &str) -> Result<(), Wrong> {
    let right = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if right && (1..=64).contains(&name.len()) {
        return Ok(());
    }
    Err(Wrong::value(
        at,
        format!(
            "Invalid '{at}': string does not match pattern. Expected '^[a-zA-Z0-9_-]{{1,64}}$'."
        ),
    ))
}

fn schema(format: &Value) -> Result<Option<Value>, Wrong> {
    one_of(
        &format["type"],
        "response_format.type",
        &["text", "json_object", "json_schema"],
    )?;
    match format["type"].as_str() {
        Some("json_object") => Ok(Some(
            serde_json::json!({"properties": {"answer": {"type": "string"}}}),
        )),
        Some("json_schema") if format["json_schema"]["name"].is_null() => {
            Err(Wrong::missing("response_format.json_schema.name"))
        }
        Some("json_schema") => Ok(Some(format["json_schema"]["schema"].clone())),
        _ => Ok(None),
    }
}

/// A string or a list of strings.
pub(super) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(s) => vec![s.clone()],
        Value::Array(list) => list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}
