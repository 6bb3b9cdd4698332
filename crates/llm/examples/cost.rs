//! What translation itself costs: CPU time per request, answer and chunk, without sockets. `cargo run --release -p sluice-llm --example
//! cost`. Beside a bare relay's request (docs/bench.md) it says what a gateway adds.
#![expect(clippy::disallowed_methods, reason = "it measures")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool for people at a terminal"
)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use sluice_llm::answer::Context;
use sluice_llm::dropped::Dropped;
use sluice_llm::flow::{Crossing, Door, Join, Tally, Translator};
use sluice_llm::request::{self, Target};
use sluice_llm::translate;
use sluice_llm::{Operation, Wire, provider};

/// Nanoseconds on the core, whoever else there is.
fn on_core() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().and_then(|n| n.parse().ok()).unwrap()
}

/// Nanoseconds of CPU of one call: the least of several rounds, since neighbours only add.
fn measure(mut call: impl FnMut()) -> f64 {
    (0..9)
        .map(|_| {
            let (until, start, mut count) = (Instant::now(), on_core(), 0_u32);
            while until.elapsed().as_millis() < 150 {
                (0..50).for_each(|_| call());
                count += 50;
            }
            (on_core() - start) as f64 / f64::from(count)
        })
        .fold(f64::INFINITY, f64::min)
}

fn chat(turns: usize, words: usize) -> String {
    let text =
        "lorem ipsum dolor sit amet, consectetur \\\"adipiscing\\\" elit, sed do eiusmod\\n "
            .repeat(words / 12 + 1);
    let messages: Vec<String> = (0..turns)
        .map(|i| {
            format!(
                r#"{{"role":"{}","content":"{text}"}}"#,
                if i % 2 == 0 { "user" } else { "assistant" }
            )
        })
        .collect();
    let tool = r#"{"type":"function","function":{"name":"get_weather","description":"Weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}}"#;
    format!(
        r#"{{"model":"m","temperature":0.7,"max_tokens":500,"tools":[{tool},{tool},{tool}],"messages":[{{"role":"system","content":"Be brief."}},{}]}}"#,
        messages.join(",")
    )
}

fn context() -> Context {
    Context {
        now: 1,
        seed: 7,
        model: "m".into(),
        include_usage: true,
        request_id: "r".into(),
    }
}

fn main() {
    println!("| | ns |\n|---|---|");
    for (name, body) in [
        ("0.9 KiB", chat(1, 12)),
        ("20 KiB, 20 turns", chat(20, 120)),
        ("200 KiB, 20 turns", chat(20, 1300)),
    ] {
        for target in ["anthropic", "gemini", "bedrock"] {
            let provider = provider::by_type(target).unwrap();
            let target = Target {
                wire: provider.wires[0],
                provider,
                operation: Operation::Chat,
            };
            let cost = measure(|| {
                let mut dropped = Dropped::default();
                let c = request::decode(Wire::Chat, black_box(&body), &mut dropped).unwrap();
                black_box(request::encode(&c, &target, &mut dropped).unwrap());
            });
            println!(
                "| chat request, {name} ({} bytes), to {} | {cost:.0} |",
                body.len(),
                provider.name
            );
        }
    }
    let answer = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{{"type":"text","text":"{}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":10,"output_tokens":200}}}}"#,
        "lorem ipsum ".repeat(80)
    );
    let cost = measure(|| {
        let answer = translate::decode(Wire::Messages, black_box(&answer), &context()).unwrap();
        black_box(translate::encode(Wire::Chat, &answer, &context()));
    });
    println!("| Anthropic's answer of 1 KiB to chat | {cost:.0} |");
    let anthropic = Bytes::from_static(b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" lorem ipsum\"}}\n\n");
    let chunk = Bytes::from_static(b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" lorem ipsum\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n");
    let gemini = Bytes::from_static(b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" lorem ipsum\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":3,\"totalTokenCount\":8},\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"r\"}\n\n");
    for (name, wire, event) in [
        ("chat", Wire::Chat, &chunk),
        ("Anthropic", Wire::Messages, &anthropic),
        ("Gemini", Wire::Generate, &gemini),
    ] {
        let mut tally = Tally::new(wire, Operation::Chat, true);
        let (mut door, mut join) = (Door::events(), Join::default());
        let cost = measure(|| {
            join.source(event);
            door.push(event.clone(), &mut |frame| {
                tally.frame(frame, &mut |frame| join.push(frame));
            });
            black_box(join.take());
        });
        println!("| {name} chunk passed through | {cost:.0} |");
    }
    for (from, to, event) in [
        (Wire::Messages, Wire::Chat, &anthropic),
        (Wire::Generate, Wire::Chat, &gemini),
        (Wire::Chat, Wire::Messages, &chunk),
        (Wire::Chat, Wire::Generate, &chunk),
    ] {
        let mut translator = Translator::new(Crossing::new(from, to, true, context()));
        let cost = measure(|| drop(black_box(translator.push(event.clone()))));
        println!("| {} chunk to {} | {cost:.0} |", from.as_str(), to.as_str());
    }
}
