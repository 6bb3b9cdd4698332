//! What a Messages request may look like.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::answer::{Ask, Choice, words};
use crate::check::{
    ANY, ARR, BOOL, Field, INT, NUM, Nulls, OBJ, STR, Wrong, may, must, object, one_of,
};
use crate::openai::tool_name;

const MESSAGES: &[Field] = &[
    must("model", STR),
    must("max_tokens", INT),
    must("messages", ARR),
    may("cache_control", OBJ),
    may("container", STR | OBJ),
    may("context_management", OBJ),
    may("inference_geo", STR),
    may("mcp_servers", ARR),
    may("metadata", OBJ),
    may("output_config", OBJ),
    may("output_format", OBJ),
    may("service_tier", STR),
    may("stop_sequences", ARR),
    may("stream", BOOL),
    may("system", STR | ARR),
    may("temperature", NUM),
    may("thinking", OBJ),
    may("tool_choice", OBJ),
    may("tools", ARR),
    may("top_k", INT),
    may("top_p", NUM),
];

const COUNT: &[Field] = &[
    must("model", STR),
    must("messages", ARR),
    may("cache_control", OBJ),
    may("context_management", OBJ),
    may("mcp_servers", ARR),
    may("output_config", OBJ),
    may("output_format", OBJ),
    may("system", STR | ARR),
    may("thinking", OBJ),
    may("tool_choice", OBJ),
    may("tools", ARR),
];

const MESSAGE: &[Field] = &[must("role", STR), must("content", STR | ARR)];
const TOOL: &[Field] = &[
    must("name", STR),
    must("input_schema", OBJ),
    may("description", STR),
    may("cache_control", OBJ),
    may("strict", BOOL),
    may("eager_input_streaming", BOOL),
    may("input_examples", ARR),
    may("defer_loading", BOOL),
    may("allowed_callers", ARR),
    may("type", STR),
];

/// Checks a Messages request, and says what it asks.
pub(super) fn messages(body: &Value) -> Result<Ask, Wrong> {
    object(body, "", MESSAGES, Nulls::Refused)?;
    if body["max_tokens"].as_u64().is_none_or(|n| n == 0) {
        return Err(Wrong::value(
            "max_tokens",
            "Input should be greater than or equal to 1",
        ));
    }
    for (name, high) in [("temperature", 1.0), ("top_p", 1.0)] {
        if body[name]
            .as_f64()
            .is_some_and(|n| !(0.0..=high).contains(&n))
        {
            return Err(Wrong::value(name, format!("range: 0..{high}")));
        }
    }
    let mut ask = ask(body)?;
    ask.limit = body["max_tokens"].as_u64();
    thinking(body, &mut ask)?;
    let stops = body["stop_sequences"].as_array().into_iter().flatten();
    ask.stop = stops.filter_map(Value::as_str).map(str::to_owned).collect();
    if ask.stop.iter().any(|s| s.trim().is_empty()) {
        return Err(Wrong::value(
            "stop_sequences",
            "each stop sequence must contain non-whitespace",
        ));
    }
    Ok(ask)
}

/// Checks a request to count tokens.
pub(super) fn count(body: &Value) -> Result<Ask, Wrong> {
    object(body, "", COUNT, Nulls::Refused)?;
    ask(body)
}

fn thinking(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    let Some(thinking) = body.get("thinking") else {
        return Ok(());
    };
    one_of(
        &thinking["type"],
        "thinking.type",
        &["enabled", "adaptive", "disabled"],
    )?;
    ask.think = thinking["type"] != "disabled";
    if thinking["type"] != "enabled" {
        return Ok(());
    }
    let budget = thinking["budget_tokens"].as_u64();
    match budget {
        None => Err(Wrong::missing("thinking.enabled.budget_tokens")),
        Some(n) if n < 1024 => Err(Wrong::value(
            "thinking.enabled.budget_tokens",
            "Input should be greater than or equal to 1024",
        )),
        Some(n) if body["max_tokens"].as_u64().is_some_and(|max| n >= max) => Err(Wrong::value(
            "max_tokens",
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        )),
        Some(_) if body["temperature"].as_f64().is_some_and(|t| t < 1.0) => Err(Wrong::value(
            "temperature",
            "`temperature` may only be set to 1 when thinking is enabled.",
        )),
        Some(_) => Ok(()),
    }
}

fn ask(body: &Value) -> Result<Ask, Wrong> {
    let mut ask = Ask {
        system: system(&body["system"])?,
        ..Ask::default()
    };
    ask.prompt_tokens = words(&ask.system);
    let list = body["messages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if list.is_empty() {
        return Err(Wrong::value("messages", "at least one message is required"));
    }
    let mut open = BTreeSet::new();
    for (i, message) in list.iter().enumerate() {
        turn(&mut ask, &mut open, i, message)?;
    }
    if let Some(id) = open.first() {
        return Err(without_result(list.len() - 1, id));
    }
    tools(body, &mut ask)?;
    let format = &body["output_config"]["format"];
    if format["type"] == "json_schema" {
        ask.schema = Some(format["schema"].clone());
    }
    Ok(ask)
}

fn system(system: &Value) -> Result<String, Wrong> {
    let Value::Array(blocks) = system else {
        return Ok(system.as_str().unwrap_or_default().to_owned());
    };
    let mut texts = Vec::new();
    for (i, block) in blocks.iter().enumerate() {
        let at = format!("system[{i}]");
        object(
            block,
            &at,
            &[
                must("type", STR),
                must("text", STR),
                may("cache_control", OBJ),
                may("citations", ANY),
            ],
            Nulls::Refused,
        )?;
        texts.push(block["text"].as_str().unwrap_or_default());
    }
    Ok(texts.join("\n\n"))
}

fn turn(
    ask: &mut Ask,
    open: &mut BTreeSet<String>,
    i: usize,
    message: &Value,
) -> Result<(), Wrong> {
    let at = format!("messages[{i}]");
    object(message, &at, MESSAGE, Nulls::Refused)?;
    let role = message["role"].as_str().unwrap_or_default();
    if role != "user" && role != "assistant" {
        return Err(Wrong::value(
            "messages",
            format!(
                "Unexpected role \"{role}\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role."
            ),
        ));
    }
    if i == 0 && role != "user" {
        return Err(Wrong::value(
            "messages",
            "first message must use the \"user\" role",
        ));
    }
    let blocks = match &message["content"] {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        other => other.as_array().cloned().unwrap_or_default(),
    };
    if blocks.is_empty() {
        return Err(Wrong::value(at, "all messages must have non-empty content"));
    }
    let mut texts = Vec::new();
    let mut results = Vec::new();
    let mut calls = BTreeSet::new();
    for (j, block) in blocks.iter().enumerate() {
        let at = format!("{at}.content[{j}]");
        self::block(block, role, &at)?;
        match block["type"].as_str() {
            Some("text") => texts.push(block["text"].as_str().unwrap_or_default()),
            Some("tool_use") => calls.extend(block["id"].as_str().map(str::to_owned)),
            Some("tool_result") => {
                let id = block["tool_use_id"].as_str().unwrap_or_default();
                if !open.remove(id) {
                    return Err(Wrong::value(
                        at,
                        format!(
                            "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                        ),
                    ));
                }
                results.push(text_of(&block["content"]));
            }
            _ => {}
        }
    }
    if let Some(id) = open.first() {
        return Err(without_result(i - 1, id));
    }
    *open = calls;
    ask.prompt_tokens += texts
        .iter()
        .chain(
            results
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .iter(),
        )
        .map(|t| words(t))
        .sum::<u64>();
    if role == "user" && !texts.is_empty() {
        ask.user = texts.join(" ");
    }
    ask.tool_results = results;
    Ok(())
}

fn without_result(i: usize, id: &str) -> Wrong {
    Wrong::value(
        format!("messages[{i}]"),
        format!(
            "`tool_use` ids were found without `tool_result` blocks immediately after: {id}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        ),
    )
}

fn text_of(content: &Value) -> String {
    let parts = content
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|b| b["text"].as_str());
    content
        .as_str()
        .map_or_else(|| parts.collect::<Vec<_>>().join(" "), str::to_owned)
}

fn block(block: &Value, role: &str, at: &str) -> Result<(), Wrong> {
    let kind = block["type"]
        .as_str()
        .ok_or_else(|| Wrong::missing(format!("{at}.type")))?;
    let cache = may("cache_control", OBJ);
    let kind_field = must("type", STR);
    let fields: &[Field] = match kind {
        "text" => &[kind_field, must("text", STR), cache, may("citations", ANY)],
        "image" => &[kind_field, must("source", OBJ), cache],
        "document" => &[
            kind_field,
            must("source", OBJ),
            cache,
            may("title", STR),
            may("context", STR),
            may("citations", OBJ),
        ],
        "tool_use" => &[
            kind_field,
            must("id", STR),
            must("name", STR),
            must("input", OBJ),
            cache,
            may("caller", OBJ),
        ],
        "tool_result" => &[
            kind_field,
            must("tool_use_id", STR),
            may("content", STR | ARR),
            may("is_error", BOOL),
            cache,
        ],
        "thinking" => &[kind_field, must("thinking", STR), must("signature", STR)],
        "redacted_thinking" => &[kind_field, must("data", STR)],
        "search_result"
        | "server_tool_use"
        | "web_search_tool_result"
        | "tool_reference"
        | "container_upload" => return Ok(()),
        _ => {
            return Err(Wrong::value(
                at,
                format!(
                    "Input tag '{kind}' found using 'type' does not match any of the expected tags: 'document', 'image', 'redacted_thinking', 'search_result', 'text', 'thinking', 'tool_result', 'tool_use'"
                ),
            ));
        }
    };
    object(block, at, fields, Nulls::Refused)?;
    let wrong_role = matches!(kind, "tool_use" | "thinking" | "redacted_thinking")
        && role == "user"
        || kind == "tool_result" && role == "assistant";
    if wrong_role {
        return Err(Wrong::value(
            at,
            format!("`{kind}` blocks are not allowed in {role} messages"),
        ));
    }
    if kind == "text" && block["text"] == "" {
        return Err(Wrong::value(
            "messages",
            "text content blocks must be non-empty",
        ));
    }
    if kind == "image" {
        one_of(
            &block["source"]["type"],
            &format!("{at}.source.type"),
            &["base64", "url", "file"],
        )?;
    }
    Ok(())
}

fn tools(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    for (i, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let at = format!("tools[{i}]");
        let own = tool.get("type").is_none_or(|t| t == "custom");
        if !own {
            continue;
        }
        object(tool, &at, TOOL, Nulls::Refused)?;
        if tool["input_schema"]["type"] != "object" {
            return Err(Wrong::value(
                format!("{at}.input_schema.type"),
                "Input should be 'object'",
            ));
        }
        let name = tool["name"].as_str().unwrap_or_default();
        tool_name(name, &format!("{at}.name"))?;
        ask.tools
            .push((name.to_owned(), tool["input_schema"].clone()));
    }
    let Some(choice) = body.get("tool_choice") else {
        return Ok(());
    };
    one_of(
        &choice["type"],
        "tool_choice.type",
        &["auto", "any", "tool", "none"],
    )?;
    if ask.tools.is_empty() && body["tools"].is_null() {
        return Err(Wrong::value(
            "tool_choice",
            "may only be specified while providing tools",
        ));
    }
    let kind = choice["type"].as_str().unwrap_or_default();
    if kind == "none" && choice.get("disable_parallel_tool_use").is_some() {
        return Err(Wrong::value(
            "tool_choice.none.disable_parallel_tool_use",
            "Extra inputs are not permitted",
        ));
    }
    ask.choice = match kind {
        "none" => Choice::Never,
        "any" => Choice::Any,
        "tool" => Choice::Named(choice["name"].as_str().unwrap_or_default().to_owned()),
        _ => Choice::Auto,
    };
    Ok(())
}
