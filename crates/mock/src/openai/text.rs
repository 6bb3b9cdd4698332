//! `/v1/completions` and `/v1/embeddings`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Ask, words};
use crate::check::{
    ARR, BOOL, Field, INT, NUM, Nulls, OBJ, STR, Wrong, may, must, object, one_of, within,
};
use crate::openai::chat::{finish, model, usage};
use crate::openai::request::strings;
use crate::openai::{CREATED, error_event};
use crate::reply::{Call, Refusal, Reply};
use crate::route::Format;
use crate::script::{Event, Framing};

const COMPLETIONS: &[Field] = &[
    must("prompt", STR | ARR),
    may("model", STR),
    may("best_of", INT),
    may("echo", BOOL),
    may("frequency_penalty", NUM),
    may("logit_bias", OBJ),
    may("logprobs", INT),
    may("max_tokens", INT),
    may("n", INT),
    may("presence_penalty", NUM),
    may("seed", INT),
    may("stop", STR | ARR),
    may("stream", BOOL),
    may("stream_options", OBJ),
    may("suffix", STR),
    may("temperature", NUM),
    may("top_p", NUM),
    may("user", STR),
];

const EMBEDDINGS: &[Field] = &[
    must("input", STR | ARR),
    may("model", STR),
    may("dimensions", INT),
    may("encoding_format", STR),
    may("user", STR),
];

/// The length of vectors, unless `dimensions` says otherwise.
const DIMENSIONS: usize = 64;

fn needs_model(call: &Call<'_>, body: &Value) -> Result<(), Wrong> {
    let known = call.format == Format::Azure || !body["model"].is_null();
    if known {
        Ok(())
    } else {
        Err(Wrong::missing("model"))
    }
}

/// A text completion, whole or streamed.
pub(super) fn completions(call: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    needs_model(call, body)?;
    let map = object(body, "", COMPLETIONS, Nulls::Absent)?;
    within(map, "temperature", 0.0, 2.0)?;
    let prompt = strings(&body["prompt"]).join(" ");
    let ask = Ask {
        prompt_tokens: words(&prompt),
        user: prompt,
        limit: body["max_tokens"].as_u64(),
        stop: strings(&body["stop"]),
        ..Ask::default()
    };
    let answer = ask.answer(call.fault);
    let id = format!("cmpl-mock{}", call.number);
    let model = model(call, body);
    let chunk = |choices: Value, usage: Value| {
        json!({"id": id, "object": "text_completion", "created": CREATED, "model": model,
            "system_fingerprint": "fp_mock", "choices": choices, "usage": usage})
    };
    let choice = |text: &str, finish: Option<&str>| json!([{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}]);
    if body["stream"] != true {
        let whole = chunk(
            choice(&answer.text(), Some(finish(&answer.end))),
            usage(&answer),
        );
        return Ok(Reply::json(StatusCode::OK, &whole));
    }
    let mut chunks: Vec<Value> = answer
        .pieces
        .iter()
        .map(|p| chunk(choice(p, None), Value::Null))
        .collect();
    chunks.push(chunk(choice("", Some(finish(&answer.end))), Value::Null));
    if body["stream_options"]["include_usage"] == true {
        chunks.push(chunk(json!([]), usage(&answer)));
    }
    let done = Event {
        name: None,
        data: "[DONE]".into(),
    };
    let events = chunks
        .iter()
        .map(|c| Event {
            name: None,
            data: c.to_string(),
        })
        .chain([done])
        .collect();
    Ok(Reply::stream(Framing::Sse, events, error_event()))
}

/// Vectors; texts that share words are near each other.
pub(super) fn embeddings(call: &Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    needs_model(call, body)?;
    object(body, "", EMBEDDINGS, Nulls::Absent)?;
    one_of(
        &body["encoding_format"],
        "encoding_format",
        &["float", "base64"],
    )?;
    let inputs = inputs(&body["input"]);
    if inputs.is_empty() {
        return Err(
            Wrong::value("input", "Invalid 'input': input cannot be an empty array.").into(),
        );
    }
    let size = body["dimensions"]
        .as_u64()
        .and_then(|d| usize::try_from(d).ok())
        .unwrap_or(DIMENSIONS);
    let base64 = body["encoding_format"] == "base64";
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let vector = embedding(text, size.clamp(1, 4096));
            let value = if base64 {
                json!(encode(&vector))
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": i, "embedding": value})
        })
        .collect();
    let tokens: u64 = inputs.iter().map(|t| words(t)).sum();
    let body = json!({"object": "list", "data": data, "model": model(call, body),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}});
    Ok(Reply::json(StatusCode::OK, &body))
}

/// One text, several, or tokens.
fn inputs(input: &Value) -> Vec<String> {
    match input {
        Value::Array(list) if list.first().is_some_and(Value::is_number) => vec![input.to_string()],
        Value::Array(list) => list
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect(),
        other => strings(other),
    }
}

/// A bag of hashed words, of length 1.
pub(crate) fn embedding(text: &str, size: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; size];
    for word in text.split_whitespace() {
        // FNV-1a: the same on every machine and in every version.
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
        });
        vector[(hash % size as u64) as usize] += 1.0;
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

fn encode(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}
