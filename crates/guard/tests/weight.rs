//! What is made of a request while it is looked at, asked about and translated is no more than its weight says, whatever shape it has.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]
#![allow(
    unsafe_code,
    reason = "an allocator that counts can't be written without"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use sluice_guard::ask::texts;
use sluice_llm::dropped::Dropped;
use sluice_llm::json::{Object, weight};
use sluice_llm::request::{self, Target};
use sluice_llm::text::{self, Keys};
use sluice_llm::{Operation, Wire, provider};

/// Counts what is in use. Growing in place is no second copy, as it is none where memory is mapped anew.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

impl Counting {
    fn took(bytes: usize) {
        let used = USED.fetch_add(bytes, Relaxed) + bytes;
        PEAK.fetch_max(used, Relaxed);
    }
}

// SAFETY: all is done by the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::took(layout.size());
        // SAFETY: as our caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as our caller promises.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        USED.fetch_sub(layout.size(), Relaxed);
        Self::took(size);
        // SAFETY: as our caller promises.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static MEMORY: Counting = Counting;

/// Long enough that what a reader needs for itself, whatever it reads, is nothing beside it.
const LEN: usize = 256 << 10;

const TARGETS: [(Wire, &str); 6] = [
    (Wire::Chat, "openai"),
    (Wire::Responses, "openai"),
    (Wire::Messages, "anthropic"),
    (Wire::Generate, "gemini"),
    (Wire::Converse, "bedrock"),
    (Wire::Cohere, "cohere"),
];

/// Where things may stand in numbers.
const PLACES: [(Wire, &str, &str); 14] = [
    (Wire::Chat, r#"{"model":"m","messages":["#, "]}"),
    (
        Wire::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":["#,
        "]}]}",
    ),
    (
        Wire::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":["#,
        "]}]}",
    ),
    (
        Wire::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":"a"}],"tools":["#,
        "]}",
    ),
    (
        Wire::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":"a"}],"stop":["#,
        "]}",
    ),
    (
        Wire::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":"a"}],"x":["#,
        "]}",
    ),
    (
        Wire::Messages,
        r#"{"model":"m","max_tokens":9,"messages":["#,
        "]}",
    ),
    (
        Wire::Messages,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":["#,
        "]}]}",
    ),
    (
        Wire::Messages,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"}],"system":["#,
        "]}",
    ),
    (
        Wire::Messages,
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":["#,
        "]}]}]}",
    ),
    (Wire::Generate, r#"{"contents":["#, "]}"),
    (
        Wire::Generate,
        r#"{"contents":[{"role":"user","parts":["#,
        "]}]}",
    ),
    (
        Wire::Generate,
        r#"{"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":["#,
        "]}]}",
    ),
    (Wire::Responses, r#"{"model":"m","input":["#, "]}"),
];

/// What may stand there.
const THINGS: [&str; 34] = [
    "{}",
    "[]",
    "1",
    r#""""#,
    "null",
    "[[]]",
    r#"{"":""}"#,
    r#"{"a":1,"b":2,"c":3}"#,
    r#"{"text":""}"#,
    r#"{"text":"a\n"}"#,
    r#"{"type":"text"}"#,
    r#"{"type":"text","text":""}"#,
    r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}"#,
    r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}"#,
    r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}"#,
    r#"{"type":"image","source":{"type":"url","url":"a"}}"#,
    r#"{"type":"tool_use","id":"","name":"a","input":{}}"#,
    r#"{"type":"tool_result","tool_use_id":"a"}"#,
    r#"{"type":"thinking","thinking":"a","signature":"b"}"#,
    r#"{"inlineData":{"mimeType":"image/png","data":"AA"}}"#,
    r#"{"functionCall":{"name":"a"}}"#,
    r#"{"functionResponse":{"name":"a","response":{}}}"#,
    r#"{"role":"user","content":"a"}"#,
    r#"{"role":"user","content":[]}"#,
    r#"{"role":"user","content":[{"type":"text","text":"a"}]}"#,
    r#"{"role":"assistant","content":"a"}"#,
    r#"{"role":"system","content":"a"}"#,
    r#"{"role":"tool","tool_call_id":"a","content":"b"}"#,
    r#"{"role":"user","parts":[{"text":"a"}]}"#,
    r#"{"id":"","type":"function","function":{"name":"a","arguments":"{}"}}"#,
    r#"{"type":"function","function":{"name":"a"}}"#,
    r#"{"type":"function_call","call_id":"a","name":"a","arguments":"{}"}"#,
    r#"{"type":"item_reference","id":""}"#,
    r#"{"name":"a","input_schema":{},"parameters":{"type":"object"}}"#,
];

/// So many bytes more were in use meanwhile, at most.
fn made<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = USED.load(Relaxed);
    PEAK.store(before, Relaxed);
    let done = work();
    (done, PEAK.load(Relaxed).saturating_sub(before))
}

fn many(head: &str, thing: &str, tail: &str) -> String {
    let n = LEN / (thing.len() + 1);
    format!("{head}{}{tail}", vec![thing; n].join(","))
}

fn check(wire: Wire, body: &str) {
    // A reader's own needs: a stack of open objects and the like.
    let most = weight(body.as_bytes()) + (16 << 10);
    let shown = &body[..body.len().min(160)];
    let Ok(object) = Object::scan(Bytes::copy_from_slice(body.as_bytes())) else {
        return;
    };
    let ignore = |_, _: &str| Ok::<_, Infallible>(None);
    let (_, walk) = made(|| text::request(&object, Keys::Any, &mut { ignore }).is_ok());
    assert!(walk <= most, "looked at: {walk} > {most}: {shown}");
    let (_, asked) = made(|| texts::of_request(&object, Keys::Any).map(drop));
    assert!(asked <= most, "asked about: {asked} > {most}: {shown}");
    for (to, name) in TARGETS {
        let target = Target {
            wire: to,
            provider: provider::by_type(name).unwrap(),
            operation: Operation::Chat,
        };
        let (_, crossed) = made(|| {
            let mut dropped = Dropped::default();
            let conversation = request::decode(wire, body, &mut dropped).ok()?;
            request::encode(&conversation, &target, &mut dropped).ok()
        });
        assert!(
            crossed <= most,
            "{wire:?} to {to:?}: {crossed} > {most}: {shown}"
        );
    }
}

#[test]
fn what_is_made_of_a_request_is_no_more_than_its_weight() {
    for (wire, head, tail) in PLACES {
        for thing in THINGS {
            check(wire, &many(head, thing, tail));
        }
    }
    let long = "a".repeat(LEN);
    let lines = "a\\n".repeat(LEN / 3);
    let quoted = format!("[{}1]", "\\\"\\\",".repeat(LEN / 5));
    for text in [&long, &lines, &quoted] {
        check(
            Wire::Chat,
            &format!(r#"{{"messages":[{{"role":"user","content":"{text}"}}]}}"#),
        );
        check(
            Wire::Chat,
            &format!(
                r#"{{"messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{text}"}}}}]}}]}}"#
            ),
        );
        check(
            Wire::Chat,
            &format!(
                r#"{{"messages":[{{"role":"user","content":"a"}},{{"role":"assistant","tool_calls":[{{"id":"a","type":"function","function":{{"name":"a","arguments":"{text}"}}}}]}}]}}"#
            ),
        );
    }
}
