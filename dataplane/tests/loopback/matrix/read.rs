//! An answer in any format, read as its client would.

use serde_json::Value;

use super::ask::Client;
use crate::support::Answer;

/// A call of a function.
#[derive(Debug, Default, Clone)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) calls: Vec<Call>,
    /// `stop`, `length`, `tools`, or what the format says; empty when it didn't.
    pub(super) finish: String,
    pub(super) usage: (u64, u64),
    pub(super) error: Option<String>,
    /// It came to the format's own end.
    pub(super) is_whole: bool,
}

pub(super) fn read(client: Client, stream: bool, answer: &Answer) -> Said {
    if answer.status != 200 {
        let body = answer.json();
        // Mistral's own has no outer object.
        let message = body["error"]["message"]
            .as_str()
            .or(body["message"].as_str());
        return Said {
            error: message.map(str::to_owned),
            ..Said::default()
        };
    }
    let mut said = Said::default();
    if stream {
        for (name, data) in events(&answer.text()) {
            event(client, &name, &data, &mut said);
        }
    } else {
        whole(client, &answer.json(), &mut said);
        said.is_whole = true;
    }
    said
}

fn events(text: &str) -> Vec<(String, String)> {
    let field = |block: &str, name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    text.replace('\r', "")
        .split("\n\n")
        .filter(|block| block.contains("data:"))
        .map(|block| (field(block, "event:"), field(block, "data:")))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn finish(word: &str) -> String {
    match word {
        "length" | "max_tokens" | "MAX_TOKENS" | "max_output_tokens" => "length",
        "tool_calls" | "tool_use" => "tools",
        "stop" | "end_turn" | "STOP" => "stop",
        other => other,
    }
    .to_owned()
}

fn whole(client: Client, body: &Value, said: &mut Said) {
    match client {
        Client::Chat => {
            let (choice, usage) = (&body["choices"][0], &body["usage"]);
            let message = &choice["message"];
            said.text = text(&message["content"]).to_owned();
            said.reasoning = text(&message["reasoning_content"]).to_owned();
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let (name, arguments) = (&call["function"]["name"], &call["function"]["arguments"]);
                said.calls.push(mk_call(&call["id"], name, text(arguments)));
            }
            said.finish = finish(text(&choice["finish_reason"]));
            said.usage = (
                number(&usage["prompt_tokens"]),
                number(&usage["completion_tokens"]),
            );
        }
        Client::Responses => response(body, said),
        Client::Anthropic => {
            body["content"]
                .as_array()
                .into_iter()
                .flatten()
                .for_each(|block| match text(&block["type"]) {
                    "text" => said.text.push_str(text(&block["text"])),
                    "thinking" => said.reasoning.push_str(text(&block["thinking"])),
                    _ => said.calls.push(mk_call(
                        &block["id"],
                        &block["name"],
                        &block["input"].to_string(),
                    )),
                });
            said.finish = finish(text(&body["stop_reason"]));
            said.usage = (
                number(&body["usage"]["input_tokens"]),
                number(&body["usage"]["output_tokens"]),
            );
        }
        Client::Gemini => candidate(body, said),
    }
}

fn mk_call(id: &Value, name: &Value, arguments: &str) -> Call {
    Call {
        id: text(id).to_owned(),
        name: text(name).to_owned(),
        arguments: arguments.to_owned(),
    }
}

fn response(body: &Value, said: &mut Said) {
    for item in body["output"].as_array().into_iter().flatten() {
        match text(&item["type"]) {
            "message" => said.text.push_str(text(&item["content"][0]["text"])),
            "reasoning" => said.reasoning.push_str(text(&item["summary"][0]["text"])),
            _ => said.calls.push(mk_call(
                &item["call_id"],
                &item["name"],
                text(&item["arguments"]),
            )),
        }
    }
    said.finish = match text(&body["incomplete_details"]["reason"]) {
        "" if said.calls.is_empty() => "stop".to_owned(),
        "" => "tools".to_owned(),
        why => finish(why),
    };
    said.usage = (
        number(&body["usage"]["input_tokens"]),
        number(&body["usage"]["output_tokens"]),
    );
}

/// A whole answer, or an event of a stream: they look the same.
fn candidate(body: &Value, said: &mut Said) {
    let candidate = &body["candidates"][0];
    for part in candidate["content"]["parts"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if let Some(call) = part.get("functionCall") {
            // Google's own calls have no ids: their order tells them apart.
            let mut call = mk_call(&call["id"], &call["name"], &call["args"].to_string());
            if call.id.is_empty() {
                call.id = said.calls.len().to_string();
            }
            said.calls.push(call);
        } else if part["thought"] == true {
            said.reasoning.push_str(text(&part["text"]));
        } else {
            said.text.push_str(text(&part["text"]));
        }
    }
    if let Some(word) = candidate["finishReason"].as_str() {
        said.is_whole = true;
        said.finish = finish(word);
        if said.finish == "stop" && !said.calls.is_empty() {
            said.finish = "tools".to_owned();
        }
    }
    let usage = &body["usageMetadata"];
    let output = number(&usage["candidatesTokenCount"]) + number(&usage["thoughtsTokenCount"]);
    said.usage = (number(&usage["promptTokenCount"]), output);
}

fn event(client: Client, name: &str, data: &str, said: &mut Said) {
    if data == "[DONE]" {
        said.is_whole = true;
        return;
    }
    let body: Value = serde_json::from_str(data).unwrap_or_else(|_| panic!("no JSON: {data}"));
    if body["error"].is_object() {
        said.error = Some(text(&body["error"]["message"]).to_owned());
        return;
    }
    match client {
        Client::Chat => chunk(&body, said),
        Client::Responses => match name {
            "response.completed" | "response.incomplete" => {
                response(&body["response"], said);
                said.is_whole = true;
            }
            "error" => said.error = Some(text(&body["message"]).to_owned()),
            _ => {}
        },
        Client::Anthropic => block_event(name, &body, said),
        Client::Gemini => candidate(&body, said),
    }
}

fn chunk(body: &Value, said: &mut Said) {
    let (choice, usage) = (&body["choices"][0], &body["usage"]);
    let delta = &choice["delta"];
    said.text.push_str(text(&delta["content"]));
    said.reasoning.push_str(text(&delta["reasoning_content"]));
    for call in delta["tool_calls"].as_array().into_iter().flatten() {
        let at = usize::try_from(number(&call["index"])).unwrap();
        said.calls
            .resize(said.calls.len().max(at + 1), Call::default());
        let mine = &mut said.calls[at];
        mine.id.push_str(text(&call["id"]));
        mine.name.push_str(text(&call["function"]["name"]));
        mine.arguments
            .push_str(text(&call["function"]["arguments"]));
    }
    if let Some(word) = choice["finish_reason"].as_str() {
        said.finish = finish(word);
    }
    if usage.is_object() {
        said.usage = (
            number(&usage["prompt_tokens"]),
            number(&usage["completion_tokens"]),
        );
    }
}

fn block_event(name: &str, body: &Value, said: &mut Said) {
    match name {
        "content_block_start" if body["content_block"]["type"] == "tool_use" => {
            said.calls.push(mk_call(
                &body["content_block"]["id"],
                &body["content_block"]["name"],
                "",
            ));
        }
        "content_block_delta" => {
            let delta = &body["delta"];
            said.text.push_str(text(&delta["text"]));
            said.reasoning.push_str(text(&delta["thinking"]));
            if let Some(call) = said.calls.last_mut() {
                call.arguments.push_str(text(&delta["partial_json"]));
            }
        }
        "message_start" => said.usage.0 = number(&body["message"]["usage"]["input_tokens"]),
        "message_delta" => {
            said.finish = finish(text(&body["delta"]["stop_reason"]));
            let usage = &body["usage"];
            said.usage = (
                number(&usage["input_tokens"]).max(said.usage.0),
                number(&usage["output_tokens"]),
            );
        }
        "message_stop" => said.is_whole = true,
        _ => {}
    }
}
