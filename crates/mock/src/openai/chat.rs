//! `/v1/chat/completions`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, End};
use crate::openai::{CREATED, error_event, request};
use crate::reply::{Call, Refusal, Reply};
use crate::route::Format;
use crate::script::{Event, Framing};

/// A chat answer, whole or streamed.
pub(super) fn answer(call: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    if has_responses_alone(call, body) {
        let what = "This model is only supported in v1/responses and not in v1/chat/completions.";
        return Err(Refusal::NoRoute(what.into()));
    }
    let ask = request::chat(call, body)?;
    let answer = ask.answer(call.fault);
    let model = model(call, body);
    let choices = body["n"].as_u64().unwrap_or(1);
    if body["stream"] == true {
        let wants_usage =
            body["stream_options"]["include_usage"] == true || call.format == Format::Mistral;
        let usage = (wants_usage && !call.fault.no_usage).then(|| usage(&answer));
        let chunks = Chunks {
            call,
            model: &model,
            usage,
        }
        .events(&answer, choices);
        return Ok(Reply::stream(Framing::Sse, chunks, error_event()));
    }
    let mut whole = json!({
        "id": format!("chatcmpl-mock{}", call.number),
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": (0..choices).map(|i| choice(call, &answer, i)).collect::<Vec<_>>(),
        "usage": usage(&answer),
        "service_tier": "default",
        "system_fingerprint": "fp_mock",
    });
    if call.fault.no_usage {
        whole["usage"] = Value::Null;
    }
    if call.format == Format::Azure {
        whole["prompt_filter_results"] =
            json!([{"prompt_index": 0, "content_filter_results": filters()}]);
    }
    Ok(Reply::json(StatusCode::OK, &whole))
}

/// OpenAI's models for agents and its slowest thinkers.
fn has_responses_alone(call: &Call<'_>, body: &Value) -> bool {
    let model = body["model"].as_str().unwrap_or_default();
    call.format == Format::OpenAi
        && [
            "gpt-5-codex",
            "gpt-5.1-codex",
            "gpt-5-pro",
            "o1-pro",
            "o3-pro",
        ]
        .iter()
        .any(|own| model.starts_with(own))
}

/// The model named in answers.
pub(super) fn model(call: &Call<'_>, body: &Value) -> String {
    call.path_model
        .clone()
        .unwrap_or_else(|| body["model"].as_str().unwrap_or_default().to_owned())
}

fn choice(call: &Call<'_>, answer: &Answer, index: u64) -> Value {
    let mut message =
        json!({"role": "assistant", "content": answer.text(), "refusal": null, "annotations": []});
    if let Some(reasoning) = &answer.reasoning {
        message["reasoning_content"] = json!(reasoning);
    }
    if !answer.calls.is_empty() {
        message["content"] = Value::Null;
        message["tool_calls"] = (0..answer.calls.len())
            .map(|i| tool_call(call, answer, i))
            .collect();
    }
    let mut choice = json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish(&answer.end)});
    if call.format == Format::Azure {
        choice["content_filter_results"] = filters();
    }
    choice
}

fn tool_call(call: &Call<'_>, answer: &Answer, index: usize) -> Value {
    let (name, arguments) = &answer.calls[index];
    json!({"id": call_id(call, index), "type": "function",
        "function": {"name": name, "arguments": arguments.to_string()}})
}

/// Mistral's ids are exactly nine letters and digits.
fn call_id(call: &Call<'_>, index: usize) -> String {
    if call.format == Format::Mistral {
        format!("m{:06}{index:02}", call.number % 1_000_000)
    } else {
        format!("call_mock{}x{index}", call.number)
    }
}

/// The finish reason of chat and text completions.
pub(super) fn finish(end: &End) -> &str {
    match end {
        End::Stop | End::Sequence(_) => "stop",
        End::Length => "length",
        End::Tools => "tool_calls",
        End::Other(reason) => reason,
    }
}

/// Usage with its details.
pub(super) fn usage(answer: &Answer) -> Value {
    json!({
        "prompt_tokens": answer.input,
        "completion_tokens": answer.output,
        "total_tokens": answer.input + answer.output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

fn filters() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({"hate": safe, "self_harm": safe, "sexual": safe, "violence": safe})
}

/// Makes the chunks of one stream.
struct Chunks<'a> {
    call: &'a Call<'a>,
    model: &'a str,
    /// Usage, if it was asked for.
    usage: Option<Value>,
}

impl Chunks<'_> {
    fn events(&self, answer: &Answer, choices: u64) -> Vec<Event> {
        let mut out = Vec::new();
        if self.call.fault.empty_choices_first {
            let results = json!([{"prompt_index": 0, "content_filter_results": filters()}]);
            let first = json!({"choices": [], "created": 0, "id": "", "model": "", "object": "",
                "prompt_filter_results": results});
            out.push(first);
        }
        for index in 0..choices {
            self.choice(answer, index, &mut out);
        }
        let on_finish = self.call.fault.usage_on_finish || self.call.format == Format::Mistral;
        if let Some(usage) = &self.usage {
            if on_finish {
                if let Some(last) = out.last_mut() {
                    last["usage"] = usage.clone();
                }
            } else {
                out.push(self.chunk(json!([]), usage.clone()));
            }
        }
        let done = Event {
            name: None,
            data: "[DONE]".into(),
        };
        out.iter()
            .map(|c| Event {
                name: None,
                data: c.to_string(),
            })
            .chain([done])
            .collect()
    }

    fn choice(&self, answer: &Answer, index: u64, out: &mut Vec<Value>) {
        let mut delta = |delta: Value, finish: Option<&str>| {
            let choice =
                json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
            out.push(self.chunk(json!([choice]), Value::Null));
        };
        delta(
            json!({"role": "assistant", "content": "", "refusal": null}),
            None,
        );
        for piece in answer.reasoning.iter().flat_map(|r| r.split_inclusive(' ')) {
            delta(json!({"content": null, "reasoning_content": piece}), None);
        }
        for piece in &answer.pieces {
            delta(json!({"content": piece}), None);
        }
        for (i, (name, arguments)) in answer.calls.iter().enumerate() {
            let start = json!({"index": i, "id": call_id(self.call, i), "type": "function",
                "function": {"name": name, "arguments": ""}});
            delta(json!({"tool_calls": [start]}), None);
            for piece in halves(&arguments.to_string()) {
                delta(
                    json!({"tool_calls": [{"index": i, "function": {"arguments": piece}}]}),
                    None,
                );
            }
        }
        delta(json!({}), Some(finish(&answer.end)));
    }

    fn chunk(&self, choices: Value, usage: Value) -> Value {
        let mut chunk = json!({
            "id": format!("chatcmpl-mock{}", self.call.number),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_mock",
            "choices": choices,
        });
        if self.usage.is_some() && self.call.format != Format::Mistral {
            chunk["usage"] = usage;
        }
        chunk
    }
}

/// Text in two pieces, so that arguments have to be put together.
pub(crate) fn halves(text: &str) -> Vec<&str> {
    let half = (0..=text.len() / 2)
        .rev()
        .find(|&i| text.is_char_boundary(i))
        .unwrap_or(0);
    let (a, b) = text.split_at(half);
    [a, b].into_iter().filter(|p| !p.is_empty()).collect()
}
