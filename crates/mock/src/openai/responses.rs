//! `/v1/responses`, the parts of it that carry text and function calls.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Ask, Choice, End, words};
use crate::check::{
    ANY, ARR, BOOL, Field, INT, NUM, Nulls, OBJ, STR, Wrong, may, must, object, one_of,
};
use crate::openai::chat::halves;
use crate::openai::{CREATED, of_status};
use crate::reply::{Call, Refusal, Reply};
use crate::script::{Event, Framing};

const RESPONSES: &[Field] = &[
    must("model", STR),
    may("input", STR | ARR),
    may("background", BOOL),
    may("context_management", ARR),
    may("conversation", STR | OBJ),
    may("include", ARR),
    may("instructions", STR),
    may("max_output_tokens", INT),
    may("max_tool_calls", INT),
    may("metadata", OBJ),
    may("moderation", OBJ),
    may("parallel_tool_calls", BOOL),
    may("previous_response_id", STR),
    may("prompt", OBJ),
    may("prompt_cache_key", STR),
    may("prompt_cache_options", OBJ),
    may("prompt_cache_retention", STR),
    may("reasoning", OBJ),
    may("safety_identifier", STR),
    may("service_tier", STR),
    may("store", BOOL),
    may("stream", BOOL),
    may("stream_options", OBJ),
    may("temperature", NUM),
    may("text", OBJ),
    may("tool_choice", STR | OBJ),
    may("tools", ARR),
    may("top_logprobs", INT),
    may("top_p", NUM),
    may("truncation", STR),
    may("user", STR),
];

/// A response, whole or streamed.
pub(super) fn answer(call: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    object(body, "", RESPONSES, Nulls::Absent)?;
    let newer = body["model"]
        .as_str()
        .is_some_and(|model| model.starts_with("gpt-5"));
    if newer && body["max_output_tokens"].as_i64().is_some_and(|n| n < 16) {
        let message =
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.";
        return Err(Wrong::value("max_output_tokens", message).into());
    }
    let ask = ask(body)?;
    let answer = ask.answer(call.fault);
    let sealed = body["include"]
        .as_array()
        .is_some_and(|all| all.contains(&json!("reasoning.encrypted_content")));
    let items = items(call, &answer, sealed);
    if body["stream"] != true {
        return Ok(Reply::json(
            StatusCode::OK,
            &response(call, body, &answer, Some(&items)),
        ));
    }
    let error = json!({"type": "error", "sequence_number": 1, "code": "server_error", "param": null,
        "message": of_status(StatusCode::INTERNAL_SERVER_ERROR)["error"]["message"]});
    let error = Event {
        name: Some("error"),
        data: error.to_string(),
    };
    Ok(Reply::stream(
        Framing::Sse,
        events(call, body, &answer, &items),
        error,
    ))
}

fn ask(body: &Value) -> Result<Ask, Wrong> {
    let mut ask = Ask {
        system: body["instructions"].as_str().unwrap_or_default().to_owned(),
        ..Ask::default()
    };
    ask.prompt_tokens = words(&ask.system);
    match &body["input"] {
        Value::String(text) => ask.user = text.clone(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| take(&mut ask, i, item))?,
        _ => return Err(Wrong::missing("input")),
    }
    ask.prompt_tokens += words(&ask.user);
    for (i, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let kind = tool["type"]
            .as_str()
            .ok_or_else(|| Wrong::missing(format!("tools[{i}].type")))?;
        if kind == "function" {
            let at = format!("tools[{i}]");
            let fields = [
                must("type", STR),
                must("name", STR),
                may("description", STR),
                may("parameters", OBJ),
                may("strict", BOOL),
            ];
            object(tool, &at, &fields, Nulls::Absent)?;
            ask.tools.push((
                tool["name"].as_str().unwrap_or_default().to_owned(),
                tool["parameters"].clone(),
            ));
        }
    }
    ask.choice = match &body["tool_choice"] {
        Value::String(s) if s == "none" => Choice::Never,
        Value::String(s) if s == "required" => Choice::Any,
        Value::Object(o) => Choice::Named(
            o.get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .into(),
        ),
        _ => Choice::Auto,
    };
    ask.limit = body["max_output_tokens"].as_u64();
    if body["text"]["format"]["type"] == "json_schema" {
        ask.schema = Some(body["text"]["format"]["schema"].clone());
    }
    Ok(ask)
}

fn take(ask: &mut Ask, i: usize, item: &Value) -> Result<(), Wrong> {
    let at = format!("input[{i}]");
    object(item, &at, &[], Nulls::Absent)
        .err()
        .filter(|w| matches!(w.what, crate::check::What::Type { .. }))
        .map_or(Ok(()), Err)?;
    match item["type"].as_str().unwrap_or("message") {
        "message" => {
            let fields = [
                must("role", STR),
                must("content", STR | ARR),
                may("type", STR),
                may("id", STR),
                may("status", STR),
                may("phase", STR),
            ];
            object(item, &at, &fields, Nulls::Absent)?;
            one_of(
                &item["role"],
                &format!("{at}.role"),
                &["user", "assistant", "system", "developer"],
            )?;
            let parts = item["content"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|p| p["text"].as_str());
            let text = item["content"]
                .as_str()
                .map_or_else(|| parts.collect::<Vec<_>>().join(" "), str::to_owned);
            match item["role"].as_str() {
                Some("user") => ask.user = text,
                Some("assistant") | None => {}
                Some(_) if ask.system.is_empty() => ask.system = text,
                Some(_) => ask.system = format!("{}\n\n{text}", ask.system),
            }
        }
        "function_call_output" => {
            object(
                item,
                &at,
                &[
                    must("call_id", STR),
                    must("output", STR | ARR),
                    may("type", STR),
                    may("id", STR),
                    may("status", ANY),
                ],
                Nulls::Absent,
            )?;
            ask.tool_results.push(
                item["output"]
                    .as_str()
                    .map_or_else(|| item["output"].to_string(), str::to_owned),
            );
        }
        _ => {}
    }
    Ok(())
}

fn items(call: &Call<'_>, answer: &Answer, sealed: bool) -> Vec<Value> {
    let n = call.number;
    let mut items = Vec::new();
    if let Some(reasoning) = &answer.reasoning {
        let mut item = json!({"type": "reasoning", "id": format!("rs_mock{n}"),
            "summary": [{"type": "summary_text", "text": reasoning}]});
        if sealed {
            item["encrypted_content"] = json!("gAAAmock");
        }
        items.push(item);
    }
    for (i, (name, arguments)) in answer.calls.iter().enumerate() {
        items.push(json!({"type": "function_call", "id": format!("fc_mock{n}x{i}"), "status": "completed",
            "call_id": format!("call_mock{n}x{i}"), "name": name, "arguments": arguments.to_string()}));
    }
    if answer.calls.is_empty() {
        items.push(
            json!({"type": "message", "id": format!("msg_mock{n}"), "status": "completed",
            "role": "assistant", "content": [text_part(&answer.text())]}),
        );
    }
    items
}

fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// The response object; without items it is still in progress.
fn response(call: &Call<'_>, body: &Value, answer: &Answer, items: Option<&[Value]>) -> Value {
    let or = |name: &str, other: Value| {
        body.get(name)
            .filter(|v| !v.is_null())
            .cloned()
            .unwrap_or(other)
    };
    let length = items.is_some() && answer.end == End::Length;
    let usage = items.map(|_| {
        json!({"input_tokens": answer.input, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": answer.output,
            "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
            "total_tokens": answer.input + answer.output})
    });
    json!({
        "id": format!("resp_mock{}", call.number),
        "object": "response",
        "created_at": CREATED,
        "status": match items { None => "in_progress", Some(_) if length => "incomplete", Some(_) => "completed" },
        "error": null,
        "incomplete_details": length.then(|| json!({"reason": "max_output_tokens"})),
        "instructions": or("instructions", Value::Null),
        "max_output_tokens": or("max_output_tokens", Value::Null),
        "model": body["model"],
        "output": items.unwrap_or_default(),
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": or("previous_response_id", Value::Null),
        "reasoning": or("reasoning", json!({"effort": null, "summary": null})),
        "store": or("store", json!(true)),
        "temperature": or("temperature", json!(1.0)),
        "text": or("text", json!({"format": {"type": "text"}})),
        "tool_choice": or("tool_choice", json!("auto")),
        "tools": or("tools", json!([])),
        "top_p": or("top_p", json!(1.0)),
        "truncation": or("truncation", json!("disabled")),
        "usage": usage,
        "user": or("user", Value::Null),
        "metadata": or("metadata", json!({})),
    })
}

fn events(call: &Call<'_>, body: &Value, answer: &Answer, items: &[Value]) -> Vec<Event> {
    let mut out: Vec<(&'static str, Value)> = Vec::new();
    let begun = response(call, body, answer, None);
    out.push(("response.created", json!({"response": begun})));
    out.push(("response.in_progress", json!({"response": begun})));
    for (i, item) in items.iter().enumerate() {
        match item["type"].as_str() {
            Some("message") => message_events(i, item, answer, &mut out),
            Some("function_call") => call_events(i, item, &mut out),
            _ => thought_events(i, item, &mut out),
        }
    }
    let last = if answer.end == End::Length {
        "response.incomplete"
    } else {
        "response.completed"
    };
    out.push((
        last,
        json!({"response": response(call, body, answer, Some(items))}),
    ));
    let event = |(n, (name, mut data)): (usize, (&'static str, Value))| {
        data["type"] = json!(name);
        data["sequence_number"] = json!(n);
        Event {
            name: Some(name),
            data: data.to_string(),
        }
    };
    out.into_iter().enumerate().map(event).collect()
}

fn thought_events(i: usize, item: &Value, out: &mut Vec<(&'static str, Value)>) {
    let mut begun = item.clone();
    begun["summary"] = json!([]);
    out.push((
        "response.output_item.added",
        json!({"output_index": i, "item": begun}),
    ));
    let at = |mut data: Value| {
        data["item_id"] = item["id"].clone();
        data["output_index"] = json!(i);
        data["summary_index"] = json!(0);
        data
    };
    let text = item["summary"][0]["text"].as_str().unwrap_or_default();
    let part = |text: &str| json!({"part": {"type": "summary_text", "text": text}});
    out.push(("response.reasoning_summary_part.added", at(part(""))));
    for piece in text.split_inclusive(' ') {
        out.push((
            "response.reasoning_summary_text.delta",
            at(json!({"delta": piece})),
        ));
    }
    out.push((
        "response.reasoning_summary_text.done",
        at(json!({"text": text})),
    ));
    out.push(("response.reasoning_summary_part.done", at(part(text))));
    out.push((
        "response.output_item.done",
        json!({"output_index": i, "item": item}),
    ));
}

fn message_events(i: usize, item: &Value, answer: &Answer, out: &mut Vec<(&'static str, Value)>) {
    let mut begun = item.clone();
    begun["status"] = json!("in_progress");
    begun["content"] = json!([]);
    let at = |mut data: Value| {
        data["item_id"] = item["id"].clone();
        data["output_index"] = json!(i);
        data["content_index"] = json!(0);
        data
    };
    out.push((
        "response.output_item.added",
        json!({"output_index": i, "item": begun}),
    ));
    out.push((
        "response.content_part.added",
        at(json!({"part": text_part("")})),
    ));
    for piece in &answer.pieces {
        out.push((
            "response.output_text.delta",
            at(json!({"delta": piece, "logprobs": []})),
        ));
    }
    out.push((
        "response.output_text.done",
        at(json!({"text": answer.text(), "logprobs": []})),
    ));
    out.push((
        "response.content_part.done",
        at(json!({"part": text_part(&answer.text())})),
    ));
    out.push((
        "response.output_item.done",
        json!({"output_index": i, "item": item}),
    ));
}

fn call_events(i: usize, item: &Value, out: &mut Vec<(&'static str, Value)>) {
    let mut begun = item.clone();
    begun["status"] = json!("in_progress");
    begun["arguments"] = json!("");
    let arguments = item["arguments"].as_str().unwrap_or_default();
    out.push((
        "response.output_item.added",
        json!({"output_index": i, "item": begun}),
    ));
    for piece in halves(arguments) {
        let delta = json!({"item_id": item["id"], "output_index": i, "delta": piece});
        out.push(("response.function_call_arguments.delta", delta));
    }
    let done = json!({"item_id": item["id"], "output_index": i, "name": item["name"], "arguments": arguments});
    out.push(("response.function_call_arguments.done", done));
    out.push((
        "response.output_item.done",
        json!({"output_index": i, "item": item}),
    ));
}
