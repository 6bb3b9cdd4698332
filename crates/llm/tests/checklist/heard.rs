//! What a client puts together from a stream.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use sluice_llm::answer::Context;
use sluice_llm::event::{Event, Finish};
use sluice_llm::flow::{Crossing, Translator};
use sluice_llm::translate::Decoder;
use sluice_llm::usage::Usage;
use sluice_llm::{Wire, sse};

/// What was said in a stream, whatever its format.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) signatures: String,
    pub(crate) redacted: Vec<String>,
    /// Calls by their numbers: id, function, arguments.
    pub(crate) calls: Vec<(String, String, String)>,
    /// `t` for texts, `c` for calls, in the order in which they began.
    pub(crate) order: String,
    pub(crate) finish: Option<Finish>,
    pub(crate) usage: Usage,
    /// The clean end, or why there is none.
    pub(crate) end: Option<Result<(), String>>,
}

impl Heard {
    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Text { text, .. } => {
                self.text.push_str(&text);
                self.mark('t');
            }
            Event::Reasoning { text, .. } => self.reasoning.push_str(&text),
            Event::Signature { signature, .. } => self.signatures.push_str(&signature),
            Event::Redacted { data, .. } => self.redacted.push(data.into_owned()),
            Event::ToolStart {
                index, id, name, ..
            } => {
                assert_eq!(
                    index as usize,
                    self.calls.len(),
                    "calls are numbered in their order"
                );
                self.calls
                    .push((id.into_owned(), name.into_owned(), String::new()));
                self.mark('c');
            }
            Event::ToolArguments { index, json, .. } => {
                self.calls[index as usize].2.push_str(&json)
            }
            Event::Finish { reason, .. } => self.finish = Some(reason),
            Event::Usage(usage) => self.usage = usage,
            Event::End => self.end = Some(Ok(())),
            Event::Error(failure) => self.end = Some(Err(failure.message.into_owned())),
            Event::Start { .. } | Event::Refusal { .. } | Event::Ping => {}
        }
    }

    fn mark(&mut self, what: char) {
        if what == 'c' || !self.order.ends_with(what) {
            self.order.push(what);
        }
    }
}

pub(crate) fn hear(wire: Wire, stream: &[u8]) -> Heard {
    let (mut heard, mut decoder, mut events) =
        (Heard::default(), Decoder::new(wire, 7), Vec::new());
    let mut frames = sse::Decoder::default();
    frames
        .push(Bytes::copy_from_slice(stream), |event| events.push(event))
        .unwrap();
    events.extend(frames.finish());
    events
        .iter()
        .for_each(|event| decoder.event(event, &mut |event| heard.hear(event)));
    decoder.finish(&mut |event| heard.hear(event));
    heard
}

pub(crate) fn context() -> Context {
    Context {
        now: 1,
        seed: 7,
        model: "m".into(),
        include_usage: true,
        request_id: "r".into(),
    }
}

/// A stream for a client of another wire, of a provider's in these pieces.
pub(crate) fn through(from: Wire, to: Wire, pieces: &[&[u8]]) -> Vec<u8> {
    let mut translator = Translator::new(Crossing::new(from, to, true, context()));
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&translator.push(Bytes::copy_from_slice(piece)));
    }
    out.extend_from_slice(&translator.finish());
    out
}

pub(crate) const CLIENTS: [Wire; 4] = [Wire::Chat, Wire::Responses, Wire::Messages, Wire::Generate];

fn golden(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(kind)
}

/// A golden input.
pub(crate) fn input(path: &str) -> Vec<u8> {
    std::fs::read(golden("").join(path)).unwrap()
}

/// All golden inputs of a kind: their wire, and what stands in them.
pub(crate) fn inputs(kind: &str, file: &str) -> Vec<(Wire, String, Vec<u8>)> {
    let mut all = Vec::new();
    for wire in Wire::ALL {
        let Ok(cases) = std::fs::read_dir(golden(kind).join(wire.as_str())) else {
            continue;
        };
        for case in cases {
            let path = case.unwrap().path();
            all.push((
                wire,
                path.display().to_string(),
                std::fs::read(path.join(file)).unwrap(),
            ));
        }
    }
    assert!(all.len() > 10, "no golden inputs of {kind}");
    all
}
