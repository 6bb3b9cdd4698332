//! Answers of every format: what a client puts together from a stream is what masking the whole texts gives, however the provider
//! cut its text into events, and however the network cut those.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use sluice_guard::ask::{self, Address, Ask, Asker, Engine, FailureMode, Segments};
use sluice_guard::{
    Action, Builtin, Guard, Guards, Hits, Looking, Mode, Pieces, Rule, Scope, Side, What,
};
use sluice_llm::Wire;
use sluice_llm::flow::{Door, Frame};
use sluice_llm::sse::Decoder;
use sluice_llm::sse::Event;
use sluice_llm::text::Deltas;

const TEXTS: &[&str] = &[
    "a",
    " ",
    "Hello ",
    "é",
    "中文",
    "john@example.com",
    "john@",
    "example.com",
    "4111 1111 1111 1111",
    "4111 ",
    "1111",
    "123-45-6789",
    "-6789",
    "credit card",
    "credit ",
    "card",
    "\n",
    "\"",
    "\\",
    "🙂",
    "+1 415-555-0123",
    "555-0123",
    ".",
];

fn mk_guards() -> Guards {
    let rule = |name: &str, find| Rule {
        name: name.into(),
        action: Action::Mask,
        find,
    };
    let rules = vec![
        rule("card", What::Pattern("credit card".into())),
        rule("end", What::Pattern("card$".into())),
        rule("EMAIL", What::Builtin(Builtin::Email)),
        rule("CREDIT_CARD", What::Builtin(Builtin::CreditCard)),
        rule("SSN", What::Builtin(Builtin::Ssn)),
        rule("PHONE_NUMBER", What::Builtin(Builtin::PhoneNumber)),
    ];
    let side = Side {
        rules,
        scopes: Scope::ANSWER.to_vec(),
        mode: Mode::Enforce,
        message: "no".into(),
        status: 403,
        asks: Vec::new(),
    };
    vec![Guard::realise(&side).unwrap()].into()
}

/// One text of an answer, in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Text {
    Said(usize),
    Thought(usize),
    Arguments(usize),
}

fn mask(guards: &Guards, text: Text, whole: &str) -> String {
    let mut hits = Hits::default();
    if let Text::Arguments(_) = text {
        let value: Value = serde_json::from_str(whole).unwrap();
        let inner = value["q"].as_str().unwrap();
        let inner = guards
            .mask(Scope::ToolArguments, inner, &mut hits)
            .unwrap()
            .unwrap_or_else(|| inner.to_owned());
        return json!({ "q": inner }).to_string();
    }
    guards
        .mask(Scope::Assistant, whole, &mut hits)
        .unwrap()
        .unwrap_or_else(|| whole.to_owned())
}

/// Cuts and mixes texts as the numbers say.
fn mix(whole: &BTreeMap<Text, String>, pieces: Vec<(usize, usize)>) -> Vec<(Text, String)> {
    let mut rest: Vec<(Text, String)> = whole.clone().into_iter().collect();
    let mut order = Vec::new();
    for (which, len) in pieces {
        if rest.is_empty() {
            break;
        }
        let i = which % rest.len();
        let end = rest[i]
            .1
            .floor_char_boundary(len.max(4))
            .max(rest[i].1.chars().next().map_or(0, char::len_utf8));
        let piece: String = rest[i].1.drain(..end).collect();
        order.push((rest[i].0, piece));
        if rest[i].1.is_empty() {
            rest.remove(i);
        }
    }
    order.extend(rest);
    order
}

/// The events of a stream with these pieces, in this order.
/// `always`: every event says that its choice has finished, as some providers' do.
fn write(wire: Wire, pieces: &[(Text, String)], always: bool) -> String {
    let mut out = String::new();
    let mut number = 0;
    let event = |value: Value| {
        let name = value["type"]
            .as_str()
            .map(|t| format!("event: {t}\n"))
            .unwrap_or_default();
        format!("{name}data: {value}\n\n")
    };
    let last = |i: usize, same: &dyn Fn(Text) -> bool| {
        !pieces[i + 1..].iter().any(|(text, _)| same(*text))
    };
    for (i, (text, piece)) in pieces.iter().enumerate() {
        let (Text::Said(n) | Text::Thought(n) | Text::Arguments(n)) = *text;
        match wire {
            Wire::Converse => panic!("guards don't read its streams: they are refused"),
            Wire::Cohere => panic!("its streams are tested where their shape is known"),
            Wire::Chat => {
                let delta = match text {
                    Text::Said(_) => json!({ "content": piece }),
                    Text::Thought(_) => json!({ "reasoning_content": piece }),
                    Text::Arguments(_) => {
                        json!({ "tool_calls": [{ "index": 3, "function": { "arguments": piece } }] })
                    }
                };
                let choice = |delta, finish| json!({ "id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [{ "index": n, "delta": delta, "logprobs": { "content": [{ "token": piece }] }, "finish_reason": finish }] });
                let of_choice = |t: Text| matches!(t, Text::Said(m) | Text::Thought(m) | Text::Arguments(m) if m == n);
                let ends = last(i, &of_choice);
                // Some providers end with the last piece, others after it.
                out += &event(choice(
                    delta,
                    if always || (ends && n == 0) {
                        json!("stop")
                    } else {
                        Value::Null
                    },
                ));
                if ends && n != 0 {
                    out += &event(choice(json!({}), json!("stop")));
                }
            }
            Wire::Responses | Wire::Completions => {
                let stem = match text {
                    Text::Said(_) => "response.output_text",
                    Text::Thought(_) => "response.reasoning_text",
                    Text::Arguments(_) => "response.function_call_arguments",
                };
                let index = n * 3
                    + match text {
                        Text::Said(_) => 0,
                        Text::Thought(_) => 1,
                        Text::Arguments(_) => 2,
                    };
                out += &event(
                    json!({ "type": format!("{stem}.delta"), "item_id": format!("i{index}"), "output_index": index, "content_index": 0, "delta": piece, "sequence_number": number }),
                );
                number += 1;
                if last(i, &|t| t == *text) {
                    let whole: String = pieces
                        .iter()
                        .filter(|(t, _)| t == text)
                        .map(|(_, p)| p.as_str())
                        .collect();
                    let field = if matches!(text, Text::Arguments(_)) {
                        "arguments"
                    } else {
                        "text"
                    };
                    out += &event(
                        json!({ "type": format!("{stem}.done"), "item_id": format!("i{index}"), "output_index": index, "content_index": 0, field: whole, "sequence_number": number }),
                    );
                    number += 1;
                }
            }
            Wire::Messages => {
                let index = n * 3
                    + match text {
                        Text::Said(_) => 0,
                        Text::Thought(_) => 1,
                        Text::Arguments(_) => 2,
                    };
                let delta = match text {
                    Text::Said(_) => json!({ "type": "text_delta", "text": piece }),
                    Text::Thought(_) => json!({ "type": "thinking_delta", "thinking": piece }),
                    Text::Arguments(_) => {
                        json!({ "type": "input_json_delta", "partial_json": piece })
                    }
                };
                out += &event(
                    json!({ "type": "content_block_delta", "index": index, "delta": delta }),
                );
                if last(i, &|t| t == *text) {
                    out += &event(json!({ "type": "content_block_stop", "index": index }));
                }
            }
            Wire::Generate => {
                let part = match text {
                    Text::Said(_) => json!({ "text": piece }),
                    Text::Thought(_) => json!({ "text": piece, "thought": true }),
                    Text::Arguments(_) => continue,
                };
                let of_choice = |t: Text| matches!(t, Text::Said(m) | Text::Thought(m) if m == n);
                let mut candidate =
                    json!({ "content": { "role": "model", "parts": [part] }, "index": n });
                if n == 0 {
                    candidate.as_object_mut().unwrap().remove("index");
                }
                if always || last(i, &of_choice) {
                    candidate["finishReason"] = "STOP".into();
                }
                out += &event(json!({ "candidates": [candidate], "modelVersion": "g" }));
            }
        }
    }
    if wire == Wire::Chat {
        out += "data: [DONE]\n\n";
    }
    out
}

/// What a client puts together.
fn read(wire: Wire, stream: &[u8]) -> BTreeMap<Text, String> {
    let mut texts: BTreeMap<Text, String> = BTreeMap::new();
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    decoder
        .push(Bytes::copy_from_slice(stream), |e| events.push(e))
        .unwrap();
    assert_eq!(decoder.finish(), None);
    let mut numbers = Vec::new();
    let mut add = |text, piece: &Value| {
        texts
            .entry(text)
            .or_default()
            .push_str(piece.as_str().unwrap())
    };
    for event in events {
        let data = event.data().unwrap();
        if &*data == b"[DONE]" {
            continue;
        }
        let v: Value = serde_json::from_slice(&data).unwrap();
        match wire {
            Wire::Converse => panic!("guards don't read its streams: they are refused"),
            Wire::Cohere => panic!("its streams are tested where their shape is known"),
            Wire::Chat => {
                let choice = &v["choices"][0];
                assert_eq!((&v["id"], &choice["logprobs"]), (&json!("c"), &Value::Null));
                let n = choice["index"].as_u64().unwrap() as usize;
                let delta = &choice["delta"];
                for (text, piece) in [
                    (Text::Said(n), &delta["content"]),
                    (Text::Thought(n), &delta["reasoning_content"]),
                    (
                        Text::Arguments(n),
                        &delta["tool_calls"][0]["function"]["arguments"],
                    ),
                ] {
                    if piece.is_string() {
                        add(text, piece);
                    }
                }
                if delta["tool_calls"].is_array() {
                    assert_eq!(delta["tool_calls"][0]["index"], 3);
                }
            }
            Wire::Responses | Wire::Completions => {
                numbers.push(v["sequence_number"].as_i64().unwrap());
                let index = v["output_index"].as_u64().unwrap() as usize;
                assert_eq!(v["item_id"], format!("i{index}"));
                let text = match index % 3 {
                    0 => Text::Said(index / 3),
                    1 => Text::Thought(index / 3),
                    _ => Text::Arguments(index / 3),
                };
                if v["type"].as_str().unwrap().ends_with(".delta") {
                    add(text, &v["delta"]);
                }
            }
            Wire::Messages => {
                let index = v["index"].as_u64().unwrap() as usize;
                let delta = &v["delta"];
                match index % 3 {
                    _ if v["type"] == "content_block_stop" => {}
                    0 => add(Text::Said(index / 3), &delta["text"]),
                    1 => add(Text::Thought(index / 3), &delta["thinking"]),
                    _ => add(Text::Arguments(index / 3), &delta["partial_json"]),
                }
            }
            Wire::Generate => {
                let candidate = &v["candidates"][0];
                let n = candidate["index"].as_u64().unwrap_or(0) as usize;
                let part = &candidate["content"]["parts"][0];
                let text = if part["thought"] == true {
                    Text::Thought(n)
                } else {
                    Text::Said(n)
                };
                add(text, &part["text"]);
            }
        }
    }
    let counted: Vec<i64> = (0..).take(numbers.len()).collect();
    assert_eq!(numbers, counted);
    texts
}

fn through(wire: Wire, guards: &Guards, stream: &str, cuts: &[usize]) -> Vec<u8> {
    let mut deltas: Deltas<Pieces> = Deltas::new(wire);
    let mut hits = Hits::default();
    let mut looking = Looking {
        guards,
        hits: &mut hits,
    };
    let mut at: Vec<usize> = cuts
        .iter()
        .map(|c| c % (stream.len() + 1))
        .chain([0, stream.len()])
        .collect();
    at.sort_unstable();
    let (mut door, mut out) = (Door::events(), Vec::new());
    let mut write = |event: Event| out.extend_from_slice(event.raw());
    let mut look = |frame: Option<Frame>| {
        let Some(Frame::Event(event)) = frame else {
            return;
        };
        deltas.event(&event, &mut looking, &mut write).unwrap();
    };
    for range in at.windows(2) {
        let chunk = Bytes::copy_from_slice(&stream.as_bytes()[range[0]..range[1]]);
        door.push(chunk, &mut |frame| look(Some(frame)));
    }
    look(door.close());
    deltas.finish(&mut looking, &mut write).unwrap();
    out
}

/// Somebody who is asked about every text.
fn mk_asker() -> Asker {
    let side = Side {
        rules: Vec::new(),
        scopes: Scope::ALL.to_vec(),
        mode: Mode::Enforce,
        message: "no".into(),
        status: 403,
        asks: Vec::new(),
    };
    let ask = Ask {
        name: "asked".into(),
        engine: Engine::Webhook {},
        address: Address::default(),
        credential: None,
        timeout_ms: 1,
        failure_mode: FailureMode::FailClosed,
        forward_headers: Vec::new(),
        broken: None,
    };
    Asker::realise(&ask, &side).unwrap()
}

/// Sends a stream through segments that end with the chunks that `ends` says, each text of which is written large; gives the stream, and what
/// was asked.
fn in_segments(
    wire: Wire,
    stream: &str,
    cuts: &[usize],
    ends: &[bool],
) -> (Vec<u8>, Vec<ask::Text>) {
    let mut segments = Segments::new(wire, [&mk_asker()]);
    let mut at: Vec<usize> = cuts
        .iter()
        .map(|c| c % (stream.len() + 1))
        .chain([0, stream.len()])
        .collect();
    at.sort_unstable();
    let (mut out, mut asked) = (Vec::new(), Vec::new());
    let mut leave = |segments: &mut Segments, last| {
        let mut texts = segments.texts();
        asked.extend(texts.clone());
        texts
            .iter_mut()
            .for_each(|text| text.text = text.text.to_ascii_uppercase());
        segments.release(texts, last, &mut |frame| {
            out.extend_from_slice(&frame.into_bytes());
        });
    };
    let mut door = Door::events();
    for (i, range) in at.windows(2).enumerate() {
        let chunk = Bytes::copy_from_slice(&stream.as_bytes()[range[0]..range[1]]);
        door.push(chunk, &mut |frame| segments.push(frame));
        if ends.get(i).copied().unwrap_or(false) {
            leave(&mut segments, false);
        }
    }
    if let Some(frame) = door.close() {
        segments.push(frame);
    }
    segments.finish();
    leave(&mut segments, true);
    (out, asked)
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1024);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

const SHAPES: [Wire; 4] = [Wire::Chat, Wire::Responses, Wire::Messages, Wire::Generate];

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_client_puts_together_what_masking_the_whole_texts_gives(
        texts in prop::collection::vec(
            (0..3usize, 0..2usize, prop::collection::vec(prop::sample::select(TEXTS), 1..8)), 1..5),
        pieces in prop::collection::vec((0..5usize, 1..6usize), 0..30),
        cuts in prop::collection::vec(0..100_000usize, 0..10),
        always in any::<bool>(),
    ) {
        let guards = mk_guards();
        let mut whole: BTreeMap<Text, String> = BTreeMap::new();
        for (kind, n, text) in texts {
            let text = text.concat();
            match kind {
                0 => whole.insert(Text::Said(n), text),
                1 => whole.insert(Text::Thought(n), text),
                _ => whole.insert(Text::Arguments(n), json!({ "q": text }).to_string()),
            };
        }
        let order = mix(&whole, pieces);
        for wire in SHAPES {
            let stream = write(wire, &order, always);
            let out = through(wire, &guards, &stream, &cuts);
            let mut got = read(wire, &out);
            got.retain(|_, text| !text.is_empty());
            let want: BTreeMap<Text, String> = whole
                .iter()
                .filter(|(text, _)| wire != Wire::Generate || !matches!(text, Text::Arguments(_)))
                .map(|(text, whole)| (*text, mask(&guards, *text, whole)))
                .collect();
            prop_assert_eq!(&got, &want, "{:?} {:?}", wire, String::from_utf8_lossy(&out));
            if wire == Wire::Responses {
                for masked in want.values() {
                    let done = serde_json::to_string(masked).unwrap();
                    prop_assert!(String::from_utf8_lossy(&out).contains(&done));
                }
            }
        }
    }

    #[test]
    fn whatever_the_segments_a_client_puts_together_what_was_said_about_them(
        texts in prop::collection::vec(
            (0..3usize, 0..2usize, prop::collection::vec(prop::sample::select(TEXTS), 1..8)), 1..5),
        pieces in prop::collection::vec((0..5usize, 1..6usize), 0..30),
        cuts in prop::collection::vec(0..100_000usize, 0..10),
        ends in prop::collection::vec(any::<bool>(), 0..12),
        always in any::<bool>(),
    ) {
        let mut whole: BTreeMap<Text, String> = BTreeMap::new();
        for (kind, n, text) in texts {
            let text = text.concat();
            match kind {
                0 => whole.insert(Text::Said(n), text),
                1 => whole.insert(Text::Thought(n), text),
                _ => whole.insert(Text::Arguments(n), json!({ "q": text }).to_string()),
            };
        }
        let order = mix(&whole, pieces);
        for wire in SHAPES {
            let stream = write(wire, &order, always);
            let (out, asked) = in_segments(wire, &stream, &cuts, &ends);
            let mut got = read(wire, &out);
            got.retain(|_, text| !text.is_empty());
            let want: BTreeMap<Text, String> = whole
                .iter()
                .filter(|(text, _)| wire != Wire::Generate || !matches!(text, Text::Arguments(_)))
                .map(|(text, whole)| (*text, whole.to_ascii_uppercase()))
                .collect();
            prop_assert_eq!(&got, &want, "{:?} {:?}", wire, String::from_utf8_lossy(&out));
            for text in asked.iter().filter(|text| !text.before.is_empty()) {
                // What went before has left as it was said to.
                let known = want.values().any(|w| w.contains(&format!("{}{}", text.before, text.text.to_ascii_uppercase())));
                prop_assert!(known && text.before.len() <= 1 << 10, "{text:?}");
            }
        }
    }
}
