//! No text reaches a provider that no guard was shown: what encoders write, and what passes as it came, beside what a walk over the
//! caller's request finds.
//!
//! Requests are the golden ones, changed at random: marks in the place of texts, strangers in objects, parts of other requests. A mark
//! that stands anywhere in what a provider would get has to stand in a text that was looked at. CI runs it for a moment, with the same
//! numbers each time; `SLUICE_CASES=1000000 cargo test --profile ci -p sluice-llm --test unseen` runs it for long, from a seed of its own.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sluice_llm::dropped::Dropped;
use sluice_llm::json::Object;
use sluice_llm::request::{self, Target};
use sluice_llm::text::{self, Keys, Part};
use sluice_llm::{Operation, Wire, provider};

/// So many requests where nobody says how many.
const BRIEFLY: u64 = 4000;

/// What a mark begins and ends with: letters that no golden request has, and that JSON doesn't escape.
const MARK: (&str, &str) = ("ZQ", "QZ");

/// Fields at the top of a request that are parameters, in which nothing is looked at.
const PARAMETERS: [&str; 21] = [
    "model",
    "stream",
    "stream_options",
    "user",
    "safety_identifier",
    "metadata",
    "prompt_cache_key",
    "service_tier",
    "stop",
    "stop_sequences",
    "previous_response_id",
    "include",
    "modalities",
    "store",
    "safetySettings",
    "cachedContent",
    "logit_bias",
    "encoding_format",
    "voice",
    "size",
    "quality",
];

const KEYS: [&str; 44] = [
    "role",
    "type",
    "id",
    "name",
    "text",
    "content",
    "data",
    "media_type",
    "mimeType",
    "mime_type",
    "source",
    "url",
    "image_url",
    "file_data",
    "file_id",
    "input",
    "arguments",
    "args",
    "thought",
    "thinking",
    "signature",
    "thoughtSignature",
    "encrypted_content",
    "tool_calls",
    "tool_call_id",
    "tool_use_id",
    "call_id",
    "functionCall",
    "functionResponse",
    "response",
    "inlineData",
    "fileData",
    "cache_control",
    "index",
    "description",
    "title",
    "enum",
    "parameters",
    "refusal",
    "reasoning_content",
    "output",
    "summary",
    "is_error",
    "format",
];

const WORDS: [&str; 44] = [
    "user",
    "assistant",
    "system",
    "developer",
    "tool",
    "model",
    "function",
    "text",
    "input_text",
    "output_text",
    "image",
    "image_url",
    "input_image",
    "input_audio",
    "input_file",
    "file",
    "document",
    "tool_use",
    "tool_result",
    "function_call",
    "function_call_output",
    "thinking",
    "redacted_thinking",
    "reasoning",
    "message",
    "base64",
    "url",
    "content",
    "ephemeral",
    "image/png",
    "audio/wav",
    "application/pdf",
    "text/plain",
    "application/json",
    "custom",
    "custom_tool_call",
    "custom_tool_call_output",
    "search_result",
    "refusal",
    "auto",
    "none",
    "json_schema",
    "item_reference",
    "web_search_call",
];

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let next = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        usize::try_from(next).unwrap() % n.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

struct Maker {
    random: Random,
    marks: u32,
}

impl Maker {
    fn mark(&mut self) -> Value {
        self.marks += 1;
        let mark = format!("{}{}{}", MARK.0, self.marks, MARK.1);
        match self.random.below(8) {
            0 => format!("a {mark}, b").into(),
            1 => format!("data:text/plain,{mark}").into(),
            2 => format!("https://example.com/{mark}").into(),
            3 => format!("{{\"a\":\"{mark}\"}}").into(),
            _ => mark.into(),
        }
    }

    fn value(&mut self, others: &[(Wire, Value)]) -> Value {
        match self.random.below(12) {
            0..=3 => self.mark(),
            4 | 5 => (*self.random.of(&WORDS)).into(),
            6 => json!({ (*self.random.of(&KEYS)): self.mark() }),
            7 => json!([self.mark()]),
            8 => json!([{"type": "text", "text": self.mark()}]),
            9 => {
                json!({"type": self.random.of(&WORDS), (*self.random.of(&KEYS)): self.mark(), (*self.random.of(&KEYS)): self.random.of(&WORDS)})
            }
            10 => [json!(true), json!(null), json!(7), json!({})][self.random.below(4)].clone(),
            _ => {
                let mut other = self.random.of(others).1.clone();
                self.somewhere(&mut other).take()
            }
        }
    }

    /// A value somewhere within another.
    fn somewhere<'v>(&mut self, value: &'v mut Value) -> &'v mut Value {
        let leaf = match &*value {
            Value::Object(map) => map.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => true,
        };
        if leaf || self.random.below(6) == 0 {
            return value;
        }
        match value {
            Value::Object(map) => {
                let n = self.random.below(map.len());
                match map.values_mut().nth(n) {
                    Some(inner) => self.somewhere(inner),
                    None => unreachable!("below its length"),
                }
            }
            Value::Array(items) => {
                let n = self.random.below(items.len());
                self.somewhere(&mut items[n])
            }
            other => other,
        }
    }

    fn change(&mut self, body: &mut Value, others: &[(Wire, Value)]) {
        let new = self.value(others);
        let mark = self.mark();
        let (key, kind) = (*self.random.of(&KEYS), self.random.below(10));
        let place = self.somewhere(body);
        match (place, kind) {
            (Value::Object(map), 0..=5) => drop(map.insert(key.to_owned(), new)),
            (Value::Object(map), 6) => drop(map.remove(key)),
            (Value::Array(items), 0..=4) => items.push(new),
            (place @ Value::String(_), 0..=6) => *place = mark,
            (place, _) if !place.is_object() || kind == 9 => *place = new,
            _ => {}
        }
    }

    /// JSON with the fields of its objects in any order.
    fn write(&mut self, value: &Value, out: &mut String) {
        match value {
            Value::Object(map) => {
                let mut fields: Vec<_> = map.iter().collect();
                for i in 1..fields.len() {
                    fields.swap(i, self.random.below(i + 1));
                }
                out.push('{');
                for (i, (key, inner)) in fields.into_iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    out.push_str(&sluice_llm::json::quote(key));
                    out.push(':');
                    self.write(inner, out);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (i, inner) in items.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    self.write(inner, out);
                }
                out.push(']');
            }
            other => out.push_str(&other.to_string()),
        }
    }
}

fn marks_in(text: &str, found: &mut BTreeSet<u32>) {
    for piece in text.split(MARK.0).skip(1) {
        let number: Option<u32> = piece.split(MARK.1).next().and_then(|n| n.parse().ok());
        found.extend(number);
    }
}

/// All marks but those in what is plainly a medium.
fn marks(value: &Value, found: &mut BTreeSet<u32>, parent: &str) {
    match value {
        Value::String(text) if is_medium(text.trim_start().strip_prefix("data:").unwrap_or("")) => {
        }
        Value::String(text) => marks_in(text, found),
        Value::Array(items) => items.iter().for_each(|item| marks(item, found, "")),
        Value::Object(map) => {
            for (key, inner) in map {
                marks_in(key, found);
                if !(matches!(key.as_str(), "data" | "bytes") && holds_medium(map, parent)) {
                    marks(inner, found, key);
                }
            }
        }
        _ => {}
    }
}

fn is_medium(media_type: &str) -> bool {
    ["image/", "audio/", "video/", "application/pdf"]
        .iter()
        .any(|medium| media_type.starts_with(medium))
}

/// Whether an object's data is a picture's or the like, by all that it says.
fn holds_medium(object: &Map<String, Value>, parent: &str) -> bool {
    let says = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or("");
    let types = ["media_type", "mimeType", "mime_type"].map(says);
    let is_text = says("type") == "text" || types.iter().any(|t| !t.is_empty() && !is_medium(t));
    let is_proved = types.iter().any(|t| is_medium(t)) || matches!(parent, "input_audio" | "audio");
    // Bedrock has bytes in base64 only, below a word that says which medium it is.
    !is_text && is_proved || object.len() == 1 && object.contains_key("bytes")
}

/// The marks that were looked at; `None` when a guard would refuse the request.
fn looked_at(body: &str) -> Option<BTreeSet<u32>> {
    let object = Object::scan(Bytes::copy_from_slice(body.as_bytes())).ok()?;
    let mut found = BTreeSet::new();
    let mut look = |_: Part, text: &str| {
        marks_in(text, &mut found);
        Ok::<_, Infallible>(None)
    };
    text::request(&object, Keys::Once, &mut look).ok()?;
    // Parameters are named and not looked at.
    let whole: Value = serde_json::from_str(body).unwrap();
    for name in PARAMETERS {
        marks_in(
            &whole.get(name).map(Value::to_string).unwrap_or_default(),
            &mut found,
        );
    }
    Some(found)
}

/// What providers would get of a request, each with who it is.
fn sent(client: Wire, body: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("as it came".to_owned(), body.as_bytes().to_vec())];
    let mut dropped = Dropped::default();
    let Ok(mut conversation) = request::decode(client, body, &mut dropped) else {
        return all;
    };
    conversation.model = "m".into();
    for provider in provider::REGISTRY {
        for wire in provider.wires {
            let target = Target {
                wire: *wire,
                provider,
                operation: Operation::Chat,
            };
            if let Ok(body) = request::encode(&conversation, &target, &mut dropped) {
                all.push((format!("{} {}", provider.name, wire.as_str()), body));
            }
        }
    }
    all
}

fn seeds() -> Vec<(Wire, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/requests");
    let mut seeds = Vec::new();
    for wire in [
        Wire::Chat,
        Wire::Responses,
        Wire::Completions,
        Wire::Messages,
        Wire::Generate,
    ] {
        let mut cases: Vec<_> = std::fs::read_dir(folder.join(wire.as_str()))
            .unwrap()
            .map(|case| case.unwrap().path().join("in.json"))
            .collect();
        cases.sort();
        for case in cases {
            let text = std::fs::read_to_string(case).unwrap();
            // Some are there to be refused.
            seeds.extend(serde_json::from_str(&text).ok().map(|body| (wire, body)));
        }
    }
    seeds
}

#[test]
fn no_text_reaches_a_provider_that_was_not_looked_at() {
    let cases = std::env::var("SLUICE_CASES").ok();
    let cases: Option<u64> = cases.map(|n| n.parse().unwrap());
    let seed = match cases {
        Some(_) => std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() | 1,
        None => 0x9e37_79b9,
    };
    let seeds = seeds();
    let mut maker = Maker {
        random: Random(seed),
        marks: 0,
    };
    let (mut refused, mut translated, mut carried) = (0u64, 0u64, 0u64);
    for case in 0..cases.unwrap_or(BRIEFLY) {
        let (client, body) = maker.random.of(&seeds);
        let (client, mut body) = (*client, body.clone());
        maker.marks = 0;
        for _ in 0..=maker.random.below(5) {
            maker.change(&mut body, &seeds);
        }
        let mut written = String::new();
        maker.write(&body, &mut written);
        let Some(seen) = looked_at(&written) else {
            refused += 1;
            continue;
        };
        for (who, sent) in sent(client, &written) {
            let mut there = BTreeSet::new();
            marks(&serde_json::from_slice(&sent).unwrap(), &mut there, "");
            translated += u64::from(who != "as it came");
            carried += there.len() as u64;
            let unseen: Vec<_> = there.difference(&seen).collect();
            assert!(
                unseen.is_empty(),
                "case {case} of seed {seed}, {client:?} to {who}: {unseen:?} of\n{written}\nin\n{}",
                String::from_utf8_lossy(&sent)
            );
        }
    }
    println!("{refused} refused, {translated} written anew, {carried} marks carried");
    // It would be easy to carry nothing.
    assert!(translated > cases.unwrap_or(BRIEFLY) && carried > translated);
}
