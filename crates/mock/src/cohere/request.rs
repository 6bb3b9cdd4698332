//! What a chat request may look like.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::{Ask, Choice, words};
use crate::check::{
    ARR, BOOL, Field, INT, NUM, Nulls, OBJ, STR, Wrong, join, may, must, object, one_of, within,
};

const CHAT: &[Field] = &[
    must("model", STR),
    must("messages", ARR),
    may("stream", BOOL),
    may("tools", ARR),
    may("strict_tools", BOOL),
    may("documents", ARR),
    may("citation_options", OBJ),
    may("response_format", OBJ),
    may("safety_mode", STR),
    may("max_tokens", INT),
    may("stop_sequences", ARR),
    may("temperature", NUM),
    may("seed", INT),
    may("frequency_penalty", NUM),
    may("presence_penalty", NUM),
    may("k", INT),
    may("p", NUM),
    may("logprobs", BOOL),
    may("tool_choice", STR),
    may("thinking", OBJ),
    may("priority", INT),
];
const ASSISTANT: &[Field] = &[
    must("role", STR),
    may("content", STR | ARR),
    may("tool_plan", STR),
    may("tool_calls", ARR),
    may("citations", ARR),
];
const TOOL: &[Field] = &[
    must("role", STR),
    must("tool_call_id", STR),
    must("content", STR | ARR),
];
const OTHERS: &[Field] = &[must("role", STR), must("content", STR | ARR)];
const BLOCK: &[Field] = &[
    must("type", STR),
    may("text", STR),
    may("thinking", STR),
    may("image_url", OBJ),
    may("document", OBJ),
];

/// Checks a request, and says what it asks.
pub(super) fn chat(body: &Value) -> Result<Ask, Wrong> {
    let map = object(body, "", CHAT, Nulls::Absent)?;
    within(map, "temperature", 0.0, 1.0)?;
    within(map, "frequency_penalty", 0.0, 1.0)?;
    within(map, "presence_penalty", 0.0, 1.0)?;
    within(map, "p", 0.01, 0.99)?;
    within(map, "k", 0.0, 500.0)?;
    one_of(
        &body["safety_mode"],
        "safety_mode",
        &["CONTEXTUAL", "STRICT", "OFF"],
    )?;
    let mut ask = Ask {
        limit: body["max_tokens"].as_u64(),
        ..Ask::default()
    };
    let stops = body["stop_sequences"].as_array().into_iter().flatten();
    ask.stop = stops.filter_map(Value::as_str).map(str::to_owned).collect();
    if ask.stop.len() > 5 {
        return Err(Wrong::value(
            "stop_sequences",
            "stop_sequences must have at most 5 elements",
        ));
    }
    messages(body, &mut ask)?;
    documents(body, &mut ask)?;
    tools(body, &mut ask)?;
    format(body, &mut ask)?;
    let thinking = &body["thinking"];
    if !thinking.is_null() {
        object(
            thinking,
            "thinking",
            &[must("type", STR), may("token_budget", INT)],
            Nulls::Absent,
        )?;
        one_of(&thinking["type"], "thinking.type", &["enabled", "disabled"])?;
        if thinking["token_budget"].as_i64().is_some_and(|n| n < 1) {
            return Err(Wrong::value(
                "thinking.token_budget",
                "token_budget must be positive",
            ));
        }
        ask.think = thinking["type"] == "enabled";
    }
    Ok(ask)
}

fn messages(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    let mut open: BTreeSet<String> = BTreeSet::new();
    let all = body["messages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (i, message) in all.iter().enumerate() {
        let at = format!("messages[{i}]");
        let role = message["role"].as_str().unwrap_or_default();
        one_of(
            &message["role"],
            &join(&at, "role"),
            &["system", "user", "assistant", "tool"],
        )?;
        let fields = match role {
            "assistant" => ASSISTANT,
            "tool" => TOOL,
            _ => OTHERS,
        };
        object(message, &at, fields, Nulls::Absent)?;
        if role == "system" && i > 0 {
            return Err(Wrong::value(
                at,
                "system turn must be the first in the list",
            ));
        }
        if role != "tool" && !open.is_empty() {
            return Err(Wrong::value(
                at,
                "all tool calls must be followed by tool messages with their results",
            ));
        }
        let said = texts(&message["content"], &at, role)?;
        match role {
            "system" => ask.system = said.join("\n\n"),
            "user"
                if said.iter().all(|t| t.trim().is_empty()) && message["content"].is_string() =>
            {
                return Err(Wrong::value(
                    at,
                    "message must be at least 1 token long or tool results must be specified.",
                ));
            }
            "user" => {
                ask.user = said.join(" ");
                ask.tool_results.clear();
            }
            "tool" => {
                if !open.remove(message["tool_call_id"].as_str().unwrap_or_default()) {
                    let message =
                        "cannot find the tool call of this tool_call_id in the previous message";
                    return Err(Wrong::value(at, message));
                }
                ask.tool_results.extend(said.iter().cloned());
            }
            _ => {
                ask.tool_results.clear();
                calls(message, &at, &mut open)?;
                if said.is_empty() && open.is_empty() {
                    return Err(Wrong::value(at, "message must not be empty in a turn"));
                }
            }
        }
        ask.prompt_tokens += said.iter().map(|t| words(t)).sum::<u64>();
    }
    if !open.is_empty() {
        return Err(Wrong::value(
            "messages",
            "all tool calls must be followed by tool messages with their results",
        ));
    }
    if all.is_empty() {
        return Err(Wrong::value("messages", "messages must not be empty"));
    }
    Ok(())
}

fn calls(message: &Value, at: &str, open: &mut BTreeSet<String>) -> Result<(), Wrong> {
    for (i, call) in message["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let at = format!("{at}.tool_calls[{i}]");
        object(
            call,
            &at,
            &[must("id", STR), must("type", STR), must("function", OBJ)],
            Nulls::Absent,
        )?;
        one_of(&call["type"], &join(&at, "type"), &["function"])?;
        let function = &call["function"];
        object(
            function,
            &join(&at, "function"),
            &[must("name", STR), must("arguments", STR)],
            Nulls::Absent,
        )?;
        let id = call["id"].as_str().unwrap_or_default();
        if id.is_empty() || !open.insert(id.to_owned()) {
            return Err(Wrong::value(
                join(&at, "id"),
                "tool call ids must be unique and not empty",
            ));
        }
    }
    Ok(())
}

fn texts(content: &Value, at: &str, role: &str) -> Result<Vec<String>, Wrong> {
    if let Some(text) = content.as_str() {
        return Ok(vec![text.to_owned()]);
    }
    let mut out = Vec::new();
    for (i, block) in content.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}.content[{i}]");
        object(block, &at, BLOCK, Nulls::Absent)?;
        let kinds: &[&str] = match role {
            "user" => &["text", "image_url"],
            "assistant" => &["text", "thinking"],
            "tool" => &["text", "document"],
            _ => &["text"],
        };
        one_of(&block["type"], &join(&at, "type"), kinds)?;
        let kind = block["type"].as_str().unwrap_or_default();
        if block.get(kind).is_none() {
            return Err(Wrong::missing(join(&at, kind)));
        }
        match kind {
            "image_url" => {
                let fields = [must("url", STR), may("detail", STR)];
                object(
                    &block["image_url"],
                    &join(&at, kind),
                    &fields,
                    Nulls::Absent,
                )?;
            }
            "document" => out.push(document(&block["document"], &join(&at, kind))?),
            "text" => out.extend(block["text"].as_str().map(str::to_owned)),
            _ => {}
        }
    }
    Ok(out)
}

fn document(document: &Value, at: &str) -> Result<String, Wrong> {
    object(
        document,
        at,
        &[must("data", OBJ), may("id", STR)],
        Nulls::Absent,
    )?;
    Ok(document["data"].to_string())
}

fn documents(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    for (i, one) in body["documents"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let text = match one.as_str() {
            Some(text) => text.to_owned(),
            None => document(one, &format!("documents[{i}]"))?,
        };
        ask.prompt_tokens += words(&text);
    }
    Ok(())
}

fn tools(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    for (i, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let at = format!("tools[{i}]");
        object(
            tool,
            &at,
            &[must("type", STR), must("function", OBJ)],
            Nulls::Absent,
        )?;
        one_of(&tool["type"], &join(&at, "type"), &["function"])?;
        let fields = [
            must("name", STR),
            may("description", STR),
            must("parameters", OBJ),
        ];
        object(
            &tool["function"],
            &join(&at, "function"),
            &fields,
            Nulls::Absent,
        )?;
        let name = tool["function"]["name"].as_str().unwrap_or_default();
        ask.tools
            .push((name.to_owned(), tool["function"]["parameters"].clone()));
    }
    let choice = &body["tool_choice"];
    one_of(choice, "tool_choice", &["REQUIRED", "NONE"])?;
    if !choice.is_null() && ask.tools.is_empty() {
        return Err(Wrong::value(
            "tool_choice",
            "tool_choice cannot be specified without tools",
        ));
    }
    ask.choice = match choice.as_str() {
        Some("REQUIRED") => Choice::Any,
        Some(_) => Choice::Never,
        None => Choice::Auto,
    };
    Ok(())
}

fn format(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    let format = &body["response_format"];
    if format.is_null() {
        return Ok(());
    }
    object(
        format,
        "response_format",
        &[must("type", STR), may("json_schema", OBJ)],
        Nulls::Absent,
    )?;
    one_of(
        &format["type"],
        "response_format.type",
        &["text", "json_object"],
    )?;
    if format["type"] != "json_object" {
        return Ok(());
    }
    if !ask.tools.is_empty() || body["documents"].is_array() {
        return Err(Wrong::value(
            "response_format",
            "response_format is not supported with RAG or tools.",
        ));
    }
    ask.schema = Some(
        format
            .get("json_schema")
            .cloned()
            .unwrap_or(Value::Object(Default::default())),
    );
    Ok(())
}
