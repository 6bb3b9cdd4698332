//! How fast guards are, on one core.
//!
//! ```sh
//! cargo run --release -p sluice-guard --example guard_speed
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sluice_guard::{Builtin, Guard, Guards, Hits, Looking, MaskStep, Scope, Spec};
use sluice_llm::Wire;
use sluice_llm::flow::{Door, Join};
use sluice_llm::json::Object;

const FOUR: &str = r#"{"regex":{"builtins":["PHONE_NUMBER","EMAIL","SSN","CREDIT_CARD"]}}"#;

fn guards(side: &str) -> Arc<Guards> {
    let spec: Spec = serde_json::from_str(&format!(r#"{{"response":{side}}}"#)).unwrap();
    let (config, _) = spec.compile("guard", &sluice_guard::Alone);
    let mut side = config.unwrap().response.unwrap();
    side.scopes = Scope::ALL.to_vec();
    Arc::new(vec![Guard::realise(&side).unwrap()].into())
}

/// The best of many rounds, for at least a while.
fn best(mut run: impl FnMut()) -> Duration {
    let (begun, mut best) = (Instant::now(), Duration::MAX);
    while begun.elapsed() < Duration::from_millis(300) {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    best
}

fn mbs(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e6
}

fn main() {
    let prose = "The quick brown fox jumps over the lazy dog, and in 1969 some 600 people came to see it; write to us. ";
    let texts: [(&str, String); 12] = [
        ("prose", prose.repeat(10_000)),
        ("letters only", "lorem ipsum dolor sit amet ".repeat(40_000)),
        ("Chinese", "今天天气很好，我们去公园散步。".repeat(22_000)),
        ("one row of digits", "1".repeat(1 << 20)),
        ("cards that are none", "4111 1111 1111 1112 ".repeat(52_000)),
        ("digits apart", "4 ".repeat(1 << 19)),
        ("digits in pairs", "41 ".repeat(350_000)),
        ("signs", "a@".repeat(1 << 19)),
        (
            "addresses that are none",
            "a.very.long.local.part@a-domain-without-an-end ".repeat(22_000),
        ),
        ("pluses and brackets", "+(1".repeat(350_000)),
        ("colons", "a:".repeat(1 << 19)),
        ("full-width digits", "４１１１　".repeat(70_000)),
    ];
    println!(
        "| Text of about 1 MB | four recognisers, MB/s | all nine, MB/s |\n| --- | --- | --- |"
    );
    let names: Vec<String> = Builtin::ALL
        .iter()
        .map(|b| format!("\"{}\"", b.as_str()))
        .collect();
    let all = guards(&format!(
        r#"{{"regex":{{"builtins":[{}]}}}}"#,
        names.join(",")
    ));
    let four = guards(FOUR);
    for (name, text) in &texts {
        let run = |guards: &Guards| {
            let time = best(|| {
                let _ = black_box(guards.mask(Scope::User, text, &mut Hits::default()));
            });
            mbs(text.len(), time)
        };
        println!("| {name} | {:.0} | {:.0} |", run(&four), run(&all));
    }
    println!("\n| Pattern, on 1 MB of `a` and of prose | MB/s | MB/s |\n| --- | --- | --- |");
    for pattern in [
        "(a+)+$",
        "(a|aa)+$",
        "(?:a?){30}a{30}b",
        r"(.*)(.*)(.*)x=x",
        "credit card",
        r"\b\d{3}-\d{2}-\d{4}\b",
    ] {
        let guards = guards(&serde_json::json!({ "matches": [pattern] }).to_string());
        let run = |text: &str| {
            let time = best(|| {
                let _ = black_box(guards.mask(Scope::User, text, &mut Hits::default()));
            });
            mbs(text.len(), time)
        };
        println!(
            "| `{}` | {:.0} | {:.0} |",
            pattern.replace('|', "\\|"),
            run(&"a".repeat(1 << 20)),
            run(&texts[0].1)
        );
    }
    let small = r#"{"model":"m","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"What is the capital of France, and how many people live there?"}]}"#;
    let large = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"{}"}}]}}"#,
        prose.repeat(1960)
    );
    for (name, body) in [
        ("small request", small.to_owned()),
        ("200 KiB request", large),
    ] {
        let object = Object::scan(Bytes::from(body)).unwrap();
        let time = best(|| {
            let mut hits = Hits::default();
            let _ = black_box(
                Looking {
                    guards: &four,
                    hits: &mut hits,
                }
                .request(&object),
            );
        });
        println!(
            "\n{name}, four recognisers: {:.2} µs",
            time.as_secs_f64() * 1e6
        );
    }
    let event = |piece: &str| {
        format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{piece}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}\n\n"
        )
    };
    let events: Vec<Bytes> = prose
        .repeat(10)
        .split_inclusive(' ')
        .map(|w| Bytes::from(event(w)))
        .collect();
    let mut held = (0usize, 0usize);
    let time = best(|| {
        let mut step = MaskStep::new(four.clone(), Wire::Chat);
        let (mut door, mut join) = (Door::events(), Join::default());
        for event in &events {
            join.source(event);
            door.push(event.clone(), &mut |frame| {
                step.frame(frame, &mut |frame| join.push(frame)).unwrap();
            });
            black_box(join.take());
        }
    });
    let mut chain = four.begin(Scope::Assistant);
    for word in prose.repeat(10).split_inclusive(' ') {
        chain
            .push(&four, word, &mut String::new(), &mut Hits::default())
            .unwrap();
        held = (held.0 + chain.held(), held.1.max(chain.held()));
    }
    println!(
        "\nstream, four recognisers: {:.2} µs per event; held back {:.1} bytes on average, {} at most",
        time.as_secs_f64() * 1e6 / events.len() as f64,
        held.0 as f64 / events.len() as f64,
        held.1
    );
}
