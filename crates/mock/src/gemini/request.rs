//! What a generateContent request may look like.

mod fields;

use fields::{CALL, CONFIG, CONTENT, DECLARATION, GENERATE, OPAQUE, PART, RESPONSE, SCHEMA};
use serde_json::{Map, Value};

use crate::answer::{Ask, Choice, words};
use crate::check::{ARR, Field, INT, Nulls, OBJ, STR, Wrong, join, may, must, object, one_of};
use crate::route::Format;

/// Field names in camelCase: the API takes snake_case as well.
pub(super) fn camel(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(camel).collect(),
        Value::Object(map) => {
            let entry = |(name, value): (&String, &Value)| {
                let name = camel_name(name);
                let value = if OPAQUE.contains(&name.as_str()) {
                    value.clone()
                } else {
                    camel(value)
                };
                (name, value)
            };
            Value::Object(map.iter().map(entry).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut raise = false;
    for c in name.chars() {
        match c {
            '_' if !out.is_empty() => raise = true,
            c if raise => {
                out.push(c.to_ascii_uppercase());
                raise = false;
            }
            c => out.push(c),
        }
    }
    out
}

/// Checks a request to generate, and says what it asks.
pub(super) fn generate(format: Format, body: &Value) -> Result<Ask, Wrong> {
    object(body, "", GENERATE, Nulls::Absent)?;
    let mut ask = Ask {
        system: text(&body["systemInstruction"], "systemInstruction")?,
        ..Ask::default()
    };
    ask.prompt_tokens = words(&ask.system);
    let contents = body["contents"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if contents.is_empty() {
        return Err(Wrong::missing("contents"));
    }
    for (i, content) in contents.iter().enumerate() {
        turn(format, &mut ask, content, &format!("contents[{i}]"))?;
    }
    tools(body, &mut ask)?;
    config(body, &mut ask)?;
    Ok(ask)
}

/// Checks a request to count tokens: contents, or a whole request to generate.
pub(super) fn count(format: Format, body: &Value) -> Result<Ask, Wrong> {
    if let Some(inner) = body.get("generateContentRequest") {
        return generate(format, inner);
    }
    generate(format, body)
}

/// Checks a request to embed, and gives its text.
pub(super) fn embed(body: &Value) -> Result<String, Wrong> {
    let fields = [
        must("content", OBJ),
        may("model", STR),
        may("taskType", STR),
        may("title", STR),
        may("outputDimensionality", INT),
        may("embedContentConfig", OBJ),
    ];
    object(body, "", &fields, Nulls::Absent)?;
    text(&body["content"], "content")
}

fn text(content: &Value, at: &str) -> Result<String, Wrong> {
    if content.is_null() {
        return Ok(String::new());
    }
    if let Some(text) = content.as_str() {
        return Ok(text.to_owned());
    }
    object(content, at, CONTENT, Nulls::Absent)?;
    let parts = content["parts"].as_array().into_iter().flatten();
    Ok(parts
        .filter_map(|p| p["text"].as_str())
        .collect::<Vec<_>>()
        .join("\n\n"))
}

fn turn(format: Format, ask: &mut Ask, content: &Value, at: &str) -> Result<(), Wrong> {
    object(content, at, CONTENT, Nulls::Absent)?;
    let role = content["role"].as_str().unwrap_or("user");
    if role != "user" && role != "model" && role != "function" {
        return Err(Wrong::value(at, "Please use a valid role: user, model."));
    }
    let parts = content["parts"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if parts.is_empty() {
        return Err(Wrong::value(
            at,
            format!("* GenerateContentRequest.{at}.parts: contents.parts must not be empty.\n"),
        ));
    }
    let mut texts = Vec::new();
    let mut results = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let at = format!("{at}.parts[{i}]");
        self::part(format, part, &at)?;
        texts.extend(part["text"].as_str().filter(|_| part["thought"] != true));
        if let Some(response) = part.get("functionResponse") {
            results.push(response["response"].to_string());
        }
    }
    ask.prompt_tokens += texts.iter().map(|t| words(t)).sum::<u64>();
    if role == "user" && !texts.is_empty() {
        ask.user = texts.join(" ");
    }
    ask.tool_results = results;
    Ok(())
}

fn part(format: Format, part: &Value, at: &str) -> Result<(), Wrong> {
    object(part, at, PART, Nulls::Absent)?;
    let data = [
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
    ];
    let set = data.iter().filter(|d| !part[**d].is_null()).count();
    if set != 1 {
        let message = format!(
            "* GenerateContentRequest.{at}.data: required oneof field 'data' must have one initialized field\n"
        );
        return Err(Wrong::value(at, message));
    }
    for (name, fields) in [("functionCall", CALL), ("functionResponse", RESPONSE)] {
        let Some(value) = part.get(name) else {
            continue;
        };
        let at = join(at, name);
        object(value, &at, fields, Nulls::Absent)?;
        if format == Format::Vertex && value.get("id").is_some() {
            return Err(Wrong {
                path: join(&at, "id"),
                what: crate::check::What::Unknown,
            });
        }
    }
    if let Some(inline) = part.get("inlineData") {
        object(
            inline,
            &join(at, "inlineData"),
            &[
                must("mimeType", STR),
                must("data", STR),
                may("displayName", STR),
            ],
            Nulls::Absent,
        )?;
    }
    Ok(())
}

fn tools(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    for (i, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let at = format!("tools[{i}]");
        let kinds = [
            "functionDeclarations",
            "googleSearch",
            "googleSearchRetrieval",
            "codeExecution",
            "urlContext",
            "googleMaps",
            "computerUse",
            "fileSearch",
            "retrieval",
            "enterpriseWebSearch",
            "mcpServers",
        ];
        let fields: Vec<Field> = kinds.iter().map(|k| may(k, OBJ | ARR)).collect();
        object(tool, &at, &fields, Nulls::Absent)?;
        for (j, function) in tool["functionDeclarations"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let at = format!("{at}.functionDeclarations[{j}]");
            object(function, &at, DECLARATION, Nulls::Absent)?;
            schema(&function["parameters"], &join(&at, "parameters"))?;
            let given = [&function["parameters"], &function["parametersJsonSchema"]];
            let parameters = given
                .into_iter()
                .find(|p| !p.is_null())
                .cloned()
                .unwrap_or_default();
            ask.tools.push((
                function["name"].as_str().unwrap_or_default().to_owned(),
                parameters,
            ));
        }
    }
    let choice = &body["toolConfig"]["functionCallingConfig"];
    one_of(
        &choice["mode"],
        "toolConfig.functionCallingConfig.mode",
        &["AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"],
    )?;
    let named = choice["allowedFunctionNames"][0].as_str();
    ask.choice = match (choice["mode"].as_str(), named) {
        (Some("NONE"), _) => Choice::Never,
        (Some("ANY"), Some(name)) => Choice::Named(name.to_owned()),
        (Some("ANY"), None) => Choice::Any,
        _ => Choice::Auto,
    };
    Ok(())
}

fn config(body: &Value, ask: &mut Ask) -> Result<(), Wrong> {
    let config = &body["generationConfig"];
    if config.is_null() {
        return Ok(());
    }
    object(config, "generationConfig", CONFIG, Nulls::Absent)?;
    if config["temperature"]
        .as_f64()
        .is_some_and(|t| !(0.0..=2.0).contains(&t))
    {
        return Err(Wrong::value(
            "generationConfig.temperature",
            "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].\n",
        ));
    }
    schema(&config["responseSchema"], "generationConfig.responseSchema")?;
    ask.limit = config["maxOutputTokens"].as_u64();
    let stops = config["stopSequences"].as_array().into_iter().flatten();
    ask.stop = stops.filter_map(Value::as_str).map(str::to_owned).collect();
    ask.think = config["thinkingConfig"]["includeThoughts"] == true;
    let json = config["responseMimeType"] == "application/json";
    let given = [&config["responseSchema"], &config["responseJsonSchema"]];
    let given = given.into_iter().find(|s| !s.is_null()).cloned();
    if given.is_some() && !json {
        return Err(Wrong::value(
            "generationConfig",
            "Function calling with a response schema is unsupported without response mime type: 'application/json'",
        ));
    }
    ask.schema = given.or_else(|| json.then(|| serde_json::json!({"type": "OBJECT"})));
    Ok(())
}

/// Checks a schema all the way down.
fn schema(value: &Value, at: &str) -> Result<(), Wrong> {
    if value.is_null() {
        return Ok(());
    }
    object(value, at, SCHEMA, Nulls::Absent)?;
    for (name, field) in value["properties"].as_object().into_iter().flatten() {
        // Properties were left in the user's spelling; what they hold is again the API's.
        schema(&camel(field), &format!("{at}.properties[{name}]"))?;
    }
    schema(&value["items"], &join(at, "items"))?;
    for (i, any) in value["anyOf"].as_array().into_iter().flatten().enumerate() {
        schema(any, &format!("{at}.anyOf[{i}]"))?;
    }
    Ok(())
}
