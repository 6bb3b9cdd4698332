//! What a Converse request may look like.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::{Ask, Choice, words};
use crate::check::{ARR, Field, INT, NUM, Nulls, OBJ, STR, Wrong, join, may, must, object, one_of};
use crate::openai::tool_name;

const CONVERSE: &[Field] = &[
    must("messages", ARR),
    may("system", ARR),
    may("inferenceConfig", OBJ),
    may("toolConfig", OBJ),
    may("guardrailConfig", OBJ),
    may("additionalModelRequestFields", OBJ),
    may("additionalModelResponseFieldPaths", ARR),
    may("outputConfig", OBJ),
    may("performanceConfig", OBJ),
    may("promptVariables", OBJ),
    may("requestMetadata", OBJ),
    may("serviceTier", OBJ),
];
const INFERENCE: &[Field] = &[
    may("maxTokens", INT),
    may("temperature", NUM),
    may("topP", NUM),
    may("stopSequences", ARR),
];
const BLOCK: &[Field] = &[
    may("text", STR),
    may("image", OBJ),
    may("document", OBJ),
    may("video", OBJ),
    may("toolUse", OBJ),
    may("toolResult", OBJ),
    may("reasoningContent", OBJ),
    may("cachePoint", OBJ),
    may("guardContent", OBJ),
];

/// Checks a request, and says what it asks.
pub(super) fn converse(body: &Value) -> Result<Ask, Wrong> {
    object(body, "", CONVERSE, Nulls::Refused)?;
    let mut ask = Ask::default();
    for (i, block) in body["system"].as_array().into_iter().flatten().enumerate() {
        let fields = [
            may("text", STR),
            may("cachePoint", OBJ),
            may("guardContent", OBJ),
        ];
        one(block, &format!("system[{i}]"), &fields)?;
        if let Some(text) = block["text"].as_str() {
            if !ask.system.is_empty() {
                ask.system.push_str("\n\n");
            }
            ask.system.push_str(text);
        }
    }
    ask.prompt_tokens = words(&ask.system);
    let mut has_tools = false;
    let mut open = BTreeSet::new();
    let mut before = "assistant";
    for (i, message) in body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let at = format!("messages[{i}]");
        object(
            message,
            &at,
            &[must("role", STR), must("content", ARR)],
            Nulls::Refused,
        )?;
        one_of(&message["role"], &join(&at, "role"), &["user", "assistant"])?;
        let role = message["role"].as_str().unwrap_or_default();
        if role == before {
            let message = if i == 0 {
                "A conversation must start with a user message. Try again with a conversation that starts with a user message."
            } else {
                "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again."
            };
            return Err(Wrong::value("messages", message));
        }
        before = if role == "user" { "user" } else { "assistant" };
        turn(&mut ask, &mut open, &mut has_tools, role, message, &at)?;
    }
    if has_tools && body["toolConfig"].is_null() {
        let message = "The toolConfig field must be defined when using toolUse and toolResult content blocks.";
        return Err(Wrong::value("toolConfig", message));
    }
    tools(body, &mut ask)?;
    let config = &body["inferenceConfig"];
    if !config.is_null() {
        object(config, "inferenceConfig", INFERENCE, Nulls::Refused)?;
        ask.limit = config["maxTokens"].as_u64();
        let stops = config["stopSequences"].as_array().into_iter().flatten();
        ask.stop = stops.filter_map(Value::as_str).map(str::to_owned).collect();
        if config["temperature"]
            .as_f64()
            .is_some_and(|t| !(0.0..=1.0).contains(&t))
        {
            return Err(Wrong::value(
                "inferenceConfig.temperature",
                "temperature must be between 0 and 1",
            ));
        }
    }
    ask.think = body["additionalModelRequestFields"]["thinking"]["type"] == "enabled";
    let schema = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"];
    if !schema.is_null() {
        let text = schema
            .as_str()
            .ok_or_else(|| Wrong::value("outputConfig", "schema has to be a string"))?;
        let schema = serde_json::from_str(text);
        ask.schema =
            Some(schema.map_err(|_| Wrong::value("outputConfig", "schema is not valid JSON"))?);
    }
    Ok(ask)
}

/// An object with exactly one of the fields.
fn one(value: &Value, at: &str, fields: &[Field]) -> Result<(), Wrong> {
    let map = object(value, at, fields, Nulls::Refused)?;
    if map.len() == 1 {
        Ok(())
    } else {
        Err(Wrong::value(
            at,
            format!("exactly one member of {at} has to be set"),
        ))
    }
}

fn turn(
    ask: &mut Ask,
    open: &mut BTreeSet<String>,
    has_tools: &mut bool,
    role: &str,
    message: &Value,
    at: &str,
) -> Result<(), Wrong> {
    let blocks = message["content"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if blocks.is_empty() {
        return Err(Wrong::value(
            at,
            "The content field in the Message object is empty.",
        ));
    }
    let (mut texts, mut results, mut calls) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (i, block) in blocks.iter().enumerate() {
        let at = format!("{at}.content[{i}]");
        one(block, &at, BLOCK)?;
        if let Some(text) = block["text"].as_str() {
            if text.trim().is_empty() {
                return Err(Wrong::value(
                    at,
                    "The text field in the ContentBlock object is blank.",
                ));
            }
            texts.push(text);
        }
        if let Some(call) = block.get("toolUse") {
            *has_tools = true;
            object(
                call,
                &at,
                &[
                    must("toolUseId", STR),
                    must("name", STR),
                    must("input", OBJ),
                ],
                Nulls::Refused,
            )?;
            tool_name(
                call["toolUseId"].as_str().unwrap_or_default(),
                &join(&at, "toolUseId"),
            )?;
            calls.extend(call["toolUseId"].as_str().map(str::to_owned));
        }
        if let Some(result) = block.get("toolResult") {
            *has_tools = true;
            let fields = [
                must("toolUseId", STR),
                must("content", ARR),
                may("status", STR),
                may("type", STR),
            ];
            object(result, &at, &fields, Nulls::Refused)?;
            if !open.remove(result["toolUseId"].as_str().unwrap_or_default()) {
                let message = "The number of toolResult blocks exceeds the number of toolUse blocks of previous turn.";
                return Err(Wrong::value(at, message));
            }
            for (j, piece) in result["content"]
                .as_array()
                .into_iter()
                .flatten()
                .enumerate()
            {
                let fields = [
                    may("text", STR),
                    may("json", OBJ),
                    may("image", OBJ),
                    may("document", OBJ),
                ];
                one(piece, &format!("{at}.content[{j}]"), &fields)?;
                let text = piece["text"].as_str().map(str::to_owned);
                results.push(text.unwrap_or_else(|| piece["json"].to_string()));
            }
        }
        if let Some(image) = block.get("image") {
            object(
                image,
                &at,
                &[must("format", STR), must("source", OBJ)],
                Nulls::Refused,
            )?;
            one_of(
                &image["format"],
                &join(&at, "format"),
                &["png", "jpeg", "gif", "webp"],
            )?;
        }
    }
    if let Some(id) = open.first() {
        return Err(Wrong::value(
            at,
            format!("Expected toolResult blocks at {at} for the following Ids: {id}"),
        ));
    }
    *open = calls;
    ask.prompt_tokens += texts.iter().map(|t| words(t)).sum::<u64>();
    if role == "user" && !texts.is_empty() {
        ask.user = texts.join(" ");
    }
    ask.tool_results = results;
    Ok(())
}

fn tools(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    let config = &body["toolConfig"];
    if config.is_null() {
        return Ok(());
    }
    object(
        config,
        "toolConfig",
        &[must("tools", ARR), may("toolChoice", OBJ)],
        Nulls::Refused,
    )?;
    for (i, tool) in config["tools"].as_array().into_iter().flatten().enumerate() {
        let at = format!("toolConfig.tools[{i}]");
        one(
            tool,
            &at,
            &[
                may("toolSpec", OBJ),
                may("cachePoint", OBJ),
                may("systemTool", OBJ),
            ],
        )?;
        let Some(spec) = tool.get("toolSpec") else {
            continue;
        };
        let fields = [
            must("name", STR),
            may("description", STR),
            must("inputSchema", OBJ),
            may("strict", crate::check::BOOL),
        ];
        object(spec, &at, &fields, Nulls::Refused)?;
        let name = spec["name"].as_str().unwrap_or_default();
        tool_name(name, &join(&at, "toolSpec.name"))?;
        if spec["inputSchema"]["json"]["type"] != "object" {
            let message = "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.";
            return Err(Wrong::value(at, message));
        }
        ask.tools
            .push((name.to_owned(), spec["inputSchema"]["json"].clone()));
    }
    let choice = &config["toolChoice"];
    if choice.is_null() {
        return Ok(());
    }
    one(
        choice,
        "toolConfig.toolChoice",
        &[may("auto", OBJ), may("any", OBJ), may("tool", OBJ)],
    )?;
    ask.choice = if let Some(tool) = choice.get("tool") {
        Choice::Named(tool["name"].as_str().unwrap_or_default().to_owned())
    } else if choice.get("any").is_some() {
        Choice::Any
    } else {
        Choice::Auto
    };
    Ok(())
}
