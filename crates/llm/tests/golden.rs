//! Golden cases: what goes in stands in `in.json` or `in.sse`, what comes out for everybody else in `out.txt`.
//!
//! `requests/WIRE/CASE`, `answers/WIRE/CASE` and `streams/WIRE/CASE`, where `WIRE` is what the input is in. With `UPDATE_GOLDEN=1` the
//! outputs are written; read every line of the difference.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sluice_llm::answer::Context;
use sluice_llm::dropped::Dropped;
use sluice_llm::flow::{Crossing, Translator};
use sluice_llm::request::{self, Target};
use sluice_llm::translate;
use sluice_llm::{Operation, Wire, provider};

const PROVIDERS: [&str; 8] = [
    "openai",
    "anthropic",
    "gemini",
    "mistral",
    "deepseek",
    "qwen",
    "cohere",
    "bedrock",
];
const CLIENTS: [Wire; 4] = [Wire::Chat, Wire::Responses, Wire::Messages, Wire::Generate];

fn cases(kind: &str) -> Vec<(Wire, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(kind);
    let mut found = Vec::new();
    for wire in Wire::ALL {
        let Ok(entries) = std::fs::read_dir(root.join(wire.as_str())) else {
            continue;
        };
        let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        paths.sort();
        found.extend(paths.into_iter().map(|path| (wire, path)));
    }
    assert!(!found.is_empty(), "no golden cases in {}", root.display());
    found
}

fn compare(case: &Path, got: &str) {
    let path = case.join("out.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, got).unwrap();
        return;
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(want == got, "{} differs; it is now\n{got}", path.display());
}

fn context() -> Context {
    Context {
        now: 1_700_000_000,
        seed: 7,
        model: "asked-for".into(),
        include_usage: true,
        request_id: "req-1".into(),
    }
}

/// Indents JSON without changing the order of its keys.
fn pretty(json: &[u8]) -> String {
    let text = std::str::from_utf8(json).unwrap();
    assert!(
        serde_json::from_str::<serde_json::Value>(text).is_ok(),
        "no JSON: {text}"
    );
    let (mut out, mut depth, mut in_string, mut escaped) = (String::new(), 0_usize, false, false);
    let mut chars = text.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            (in_string, escaped) = (c != '"' || escaped, c == '\\' && !escaped);
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                if matches!(chars.peek(), Some('}' | ']')) {
                    out.push(chars.next().unwrap());
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[test]
fn requests_become_what_each_provider_takes() {
    for (client, case) in cases("requests") {
        let body = std::fs::read_to_string(case.join("in.json")).unwrap();
        let counts = case.join("count").exists();
        let mut out = String::new();
        let by_type = |name: &str| provider::by_type(name).unwrap();
        let targets =
            PROVIDERS.map(|name| (name, by_type(name), by_type(name).wire(client).unwrap()));
        // For its models that have nothing else.
        let responses = ("openai by Responses", by_type("openai"), Wire::Responses);
        for (name, provider, wire) in targets.into_iter().chain([responses]) {
            if wire == client || (counts && matches!(wire, Wire::Chat | Wire::Responses)) {
                continue;
            }
            let operation = if counts {
                Operation::CountTokens
            } else {
                Operation::Chat
            };
            let mut dropped = Dropped::default();
            let target = Target {
                wire,
                provider,
                operation,
            };
            let result = request::decode(client, &body, &mut dropped)
                .and_then(|c| request::encode(&c, &target, &mut dropped));
            writeln!(out, "=== {name}").unwrap();
            match result {
                Ok(body) => {
                    writeln!(
                        out,
                        "dropped: {}",
                        dropped.header().unwrap_or("nothing".into())
                    )
                    .unwrap();
                    writeln!(out, "{}", pretty(&body)).unwrap();
                }
                Err(e) => writeln!(out, "refused: {e}").unwrap(),
            }
        }
        compare(&case, &out);
    }
}

#[test]
fn answers_become_what_each_client_reads() {
    for (from, case) in cases("answers") {
        let body = std::fs::read_to_string(case.join("in.json")).unwrap();
        let mut out = String::new();
        for to in CLIENTS.into_iter().filter(|to| *to != from) {
            writeln!(out, "=== {}", to.as_str()).unwrap();
            let answer = translate::decode(from, &body, &context());
            match answer {
                Ok(answer) => writeln!(
                    out,
                    "{}",
                    pretty(&translate::encode(to, &answer, &context()))
                )
                .unwrap(),
                Err(e) => writeln!(out, "unreadable: {e}").unwrap(),
            }
        }
        compare(&case, &out);
    }
}

fn through(from: Wire, to: Wire, chunks: &[&[u8]]) -> String {
    let mut translator = Translator::new(Crossing::new(from, to, true, context()));
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&translator.push(Bytes::copy_from_slice(chunk)));
    }
    out.extend_from_slice(&translator.finish());
    String::from_utf8(out).unwrap()
}

#[test]
fn streams_become_what_each_client_reads_wherever_they_are_cut() {
    for (from, case) in cases("streams") {
        let body = std::fs::read(case.join("in.sse")).unwrap();
        let mut out = String::new();
        for to in CLIENTS.into_iter().filter(|to| *to != from) {
            let whole = through(from, to, &[&body]);
            for cut in 0..=body.len() {
                let cut_once = through(from, to, &[&body[..cut], &body[cut..]]);
                assert_eq!(cut_once, whole, "{} cut at byte {cut}", case.display());
            }
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            assert_eq!(
                through(from, to, &bytes),
                whole,
                "{} byte by byte",
                case.display()
            );
            writeln!(out, "=== {}\n{}", to.as_str(), whole.trim_end()).unwrap();
        }
        compare(&case, &out);
    }
}

#[test]
fn the_same_request_is_written_the_same_a_thousand_times() {
    let (client, case) = cases("requests")
        .into_iter()
        .find(|(_, case)| case.ends_with("everything"))
        .unwrap();
    let body = std::fs::read_to_string(case.join("in.json")).unwrap();
    let provider = provider::by_type("anthropic").unwrap();
    let target = Target {
        wire: provider.wire(client).unwrap(),
        provider,
        operation: Operation::Chat,
    };
    let write = || {
        let c = request::decode(client, &body, &mut Dropped::default()).unwrap();
        request::encode(&c, &target, &mut Dropped::default()).unwrap()
    };
    let first = write();
    (0..1000).for_each(|_| assert_eq!(write(), first));
}
