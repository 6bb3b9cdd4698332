//! Fuzzing of every decoder: the golden inputs and the findings of earlier runs are changed at random and read by everybody.
//!
//! CI runs it for a moment, with the same numbers each time. `SLUICE_FUZZ_SECONDS=600 cargo test --profile ci -p sluice-llm --test fuzz`
//! runs each target for so long, from a seed of its own; an input that breaks a rule is kept in `tests/corpus/TARGET` and replayed from
//! then on.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads its cases, and how much of them to run"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sluice_llm::answer::Context;
use sluice_llm::dialect::bedrock::frame;
use sluice_llm::dropped::Dropped;
use sluice_llm::embeddings::{self, Asked, Vectors};
use sluice_llm::flow::End;
use sluice_llm::flow::{Crossing, Translator};
use sluice_llm::request::{self, Target};
use sluice_llm::translate;
use sluice_llm::{Format, Operation, Wire, provider, sse};

/// So many inputs where nobody says how long.
const BRIEFLY: u64 = 1500;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// Pieces that mean something to somebody.
    fn token(&mut self) -> &'static [u8] {
        const TOKENS: [&[u8]; 28] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b":",
            b",",
            b"null",
            b"true",
            b"-1e999",
            b"18446744073709551616",
            b"\\u0000",
            b"\\ud800",
            b"\xff",
            b"\r",
            b"\n\n",
            b"data:",
            b"data: [DONE]\n\n",
            b"event: error\n",
            b"\"index\":4294967295",
            b"\"error\":{}",
            b"\"content\":null",
            b"\"tool_calls\":[{}]",
            b"\"type\":\"tool_use\"",
            b"\"usage\":{}",
            b"\"arguments\":{}",
            b"{\"a\":1,\"a\":2}",
            b"\xef\xbb\xbf",
        ];
        TOKENS[self.below(TOKENS.len())]
    }

    fn change(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len() + 1);
            let end = (at + self.below(24)).min(out.len());
            match self.below(6) {
                0 if !out.is_empty() => {
                    let at = at.min(out.len() - 1);
                    out[at] ^= 1 << self.below(8);
                }
                1 => drop(out.drain(at..end)),
                2 => {
                    let token = self.token();
                    out.splice(at..at, token.iter().copied());
                }
                3 => {
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(64)).min(other.len());
                    out.splice(at..end, other[from..to].iter().copied());
                }
                4 => {
                    let piece = out[at..end].to_vec();
                    out.splice(at..at, piece);
                }
                _ => out.truncate(at.max(1)),
            }
        }
        out
    }
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Inputs of the golden cases of that kind, and what earlier runs found.
fn seeds(target: &str, kind: &str, file: &str) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    for wire in Wire::ALL {
        let Ok(cases) = std::fs::read_dir(tests().join("golden").join(kind).join(wire.as_str()))
        else {
            continue;
        };
        paths.extend(cases.map(|case| case.unwrap().path().join(file)));
    }
    let found = std::fs::read_dir(tests().join("corpus").join(target));
    paths.extend(found.into_iter().flatten().map(|f| f.unwrap().path()));
    paths.sort();
    paths
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .collect()
}

fn run(target: &str, seeds: Vec<Vec<u8>>, check: impl Fn(&[u8])) {
    for seed in &seeds {
        check(seed);
    }
    let seconds = std::env::var("SLUICE_FUZZ_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok());
    let (until, mut random) = match seconds {
        Some(seconds) => {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            (
                Some(Instant::now() + Duration::from_secs(seconds)),
                Random(now.as_nanos() as u64 | 1),
            )
        }
        None => (None, Random(42)),
    };
    let mut count = 0;
    while until.map_or(count < BRIEFLY, |until| Instant::now() < until) {
        let (a, b) = (random.below(seeds.len()), random.below(seeds.len()));
        let input = random.change(&seeds[a], &seeds[b]);
        count += 1;
        if catch_unwind(AssertUnwindSafe(|| check(&input))).is_err() {
            let folder = tests().join("corpus").join(target);
            std::fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{:016x}", random.next()));
            std::fs::write(&path, &input).unwrap();
            panic!("input {count} breaks a rule; kept as {}", path.display());
        }
    }
    println!("{target}: {count} inputs");
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
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

#[test]
fn requests_are_refused_or_become_json() {
    run(
        "requests",
        seeds("requests", "requests", "in.json"),
        |input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return;
            };
            for client in [
                Wire::Chat,
                Wire::Responses,
                Wire::Completions,
                Wire::Messages,
                Wire::Generate,
            ] {
                let mut dropped = Dropped::default();
                let Ok(conversation) = request::decode(client, text, &mut dropped) else {
                    continue;
                };
                for provider in provider::REGISTRY {
                    for (wire, operation) in provider
                        .wires
                        .iter()
                        .flat_map(|w| [(*w, Operation::Chat), (*w, Operation::CountTokens)])
                    {
                        let target = Target {
                            wire,
                            provider,
                            operation,
                        };
                        if let Ok(body) = request::encode(&conversation, &target, &mut dropped) {
                            assert!(is_json(&body), "{}", String::from_utf8_lossy(&body));
                        }
                    }
                }
                assert!(
                    dropped
                        .header()
                        .is_none_or(|h| h.bytes().all(|b| b.is_ascii_graphic()))
                );
            }
        },
    );
}

#[test]
fn answers_are_unreadable_or_become_json() {
    run("answers", seeds("answers", "answers", "in.json"), |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        for from in [
            Wire::Chat,
            Wire::Responses,
            Wire::Messages,
            Wire::Generate,
            Wire::Converse,
            Wire::Cohere,
        ] {
            let Ok(answer) = translate::decode(from, text, &context()) else {
                continue;
            };
            for to in [
                Wire::Chat,
                Wire::Responses,
                Wire::Completions,
                Wire::Messages,
                Wire::Generate,
            ] {
                let body = translate::encode(to, &answer, &context());
                assert!(is_json(&body), "{}", String::from_utf8_lossy(&body));
            }
        }
    });
}

#[test]
fn vectors_are_refused_or_become_json() {
    let good: [&[u8]; 9] = [
        br#"{"model":"m","input":["a","b"],"dimensions":2,"encoding_format":"base64","input_type":"search_query"}"#,
        br#"{"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":2}"#,
        br#"{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}}]}"#,
        br#"{"data":[{"embedding":[1.5,2]}],"usage":{"prompt_tokens":3}}"#,
        br#"{"embeddings":[{"values":[1.5]}],"usageMetadata":{"promptTokenCount":3}}"#,
        br#"{"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":1.0}}}]}"#,
        br#"{"embeddings":{"float":[[1,2]]},"meta":{"billed_units":{"input_tokens":3.0}}}"#,
        br#"{"embeddings":[[1.5,2],[0,-1]]}"#,
        br#"{"embedding":[1],"inputTextTokenCount":3}"#,
    ];
    let mut all = seeds("vectors", "none", "none");
    all.extend(good.map(<[u8]>::to_vec));
    run("vectors", all, |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        for vectors in Vectors::ALL {
            for client in [Format::OpenAi, Format::Gemini] {
                let mut dropped = Dropped::default();
                if let Ok(request) = embeddings::decode(client, text, &mut dropped)
                    && let Ok(body) = embeddings::encode(
                        vectors,
                        &request,
                        "amazon.titan-embed-text-v2:0",
                        &mut dropped,
                    )
                {
                    assert!(is_json(&body), "{}", String::from_utf8_lossy(&body));
                }
                for (base64, batch) in [(false, false), (true, true)] {
                    let asked = Asked {
                        client,
                        vectors,
                        base64,
                        batch,
                    };
                    if let Ok((body, _)) = embeddings::answer(text, &asked, None, &context()) {
                        assert!(is_json(&body), "{}", String::from_utf8_lossy(&body));
                    }
                }
            }
        }
    });
}

/// What a client makes of the bytes: every event is JSON, and a stream that failed has no clean end.
fn is_sound(to: Wire, out: &[u8], end: End) {
    let text = std::str::from_utf8(out).expect("no UTF-8");
    let mut decoder = sse::Decoder::default();
    let mut clean = false;
    let mut look = |event: sse::Event| {
        let Some(data) = event.data() else { return };
        clean |= data.as_ref() == b"[DONE]"
            || matches!(event.name(), Some(b"message_stop" | b"response.completed"));
        assert!(data.as_ref() == b"[DONE]" || is_json(&data), "{text}");
    };
    decoder
        .push(Bytes::copy_from_slice(out), &mut look)
        .unwrap();
    assert!(decoder.finish().is_none(), "{text}");
    assert!(end != End::Open, "the end is open: {text}");
    assert!(
        !(clean && end == End::Failed),
        "{to:?} ends cleanly after an error: {text}"
    );
}

fn through(from: Wire, to: Wire, input: &[u8], cut: usize) -> (Vec<u8>, End) {
    let mut translator = Translator::new(Crossing::new(from, to, true, context()));
    let mut out = translator
        .push(Bytes::copy_from_slice(&input[..cut]))
        .to_vec();
    out.extend_from_slice(&translator.push(Bytes::copy_from_slice(&input[cut..])));
    out.extend_from_slice(&translator.finish());
    (out, translator.end())
}

const CLIENTS: [Wire; 5] = [
    Wire::Chat,
    Wire::Responses,
    Wire::Completions,
    Wire::Messages,
    Wire::Generate,
];

#[test]
fn streams_stay_sound_and_cuts_don_t_matter() {
    run("streams", seeds("streams", "streams", "in.sse"), |input| {
        for from in [
            Wire::Chat,
            Wire::Responses,
            Wire::Messages,
            Wire::Generate,
            Wire::Cohere,
        ] {
            for to in CLIENTS {
                let (whole, end) = through(from, to, input, input.len());
                is_sound(to, &whole, end);
                let cut = input.len() / 3;
                assert_eq!(through(from, to, input, cut).0, whole);
            }
        }
    });
}

#[test]
fn event_streams_stay_sound_and_cuts_don_t_matter() {
    let good = [
        frame::encode("event", "messageStart", br#"{"role":"assistant"}"#),
        frame::encode(
            "event",
            "contentBlockDelta",
            br#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#,
        ),
        frame::encode(
            "event",
            "contentBlockStart",
            br#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#,
        ),
        frame::encode(
            "event",
            "contentBlockDelta",
            br#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{}"}}}"#,
        ),
        frame::encode("event", "messageStop", br#"{"stopReason":"tool_use"}"#),
        frame::encode(
            "event",
            "metadata",
            br#"{"usage":{"inputTokens":1,"outputTokens":2}}"#,
        ),
    ]
    .concat();
    let bad = frame::encode("exception", "throttlingException", br#"{"message":"slow"}"#);
    let mut all = seeds("event-streams", "none", "none");
    all.extend([good.clone(), [good, bad].concat()]);
    run("event-streams", all, |input| {
        for to in CLIENTS {
            let (whole, end) = through(Wire::Converse, to, input, input.len());
            is_sound(to, &whole, end);
            assert_eq!(through(Wire::Converse, to, input, input.len() / 3).0, whole);
        }
    });
}
