//! What is measured.

use std::time::Duration;

use bytes::Bytes;

use crate::load::Shape;

/// One kind of load.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The name limits are written for.
    pub(crate) name: &'static str,
    /// The table's title.
    pub(crate) title: &'static str,
    pub(crate) connections: usize,
    pub(crate) rate: Option<f64>,
    pub(crate) path: &'static str,
    pub(crate) body: Bytes,
    pub(crate) shape: Shape,
    /// Windows of this many times the usual length.
    pub(crate) stretch: f64,
    /// Whether it is memory that counts, in one round.
    pub(crate) memory: bool,
}

/// Where chat requests go.
pub(crate) const CHAT: &str = "/v1/chat/completions";
/// The same, where the route has guards on both ways.
const GUARDED: &str = "/guarded/v1/chat/completions";

/// Every scenario, in the order they run.
pub(crate) fn all() -> Vec<Scenario> {
    let small = || chat("bench-json-1024", 512);
    let base = Scenario {
        name: "s1",
        title: "S1 chat, 0.5 KiB up, 1 KiB down, 32 connections",
        connections: 32,
        rate: None,
        path: CHAT,
        body: small(),
        shape: Shape::Whole,
        stretch: 1.0,
        memory: false,
    };
    let gap = Duration::from_millis(10);
    vec![
        // First, while every process is fresh: allocators keep what a load made them take.
        Scenario {
            name: "memory",
            title: "Memory: 1,000 streams open, 64 chunks 100 ms apart",
            connections: 1000,
            body: chat_stream("bench-sse-64-200-100", 512),
            shape: Shape::Stream {
                chunks: 64,
                gap: gap * 10,
            },
            stretch: 4.0,
            memory: true,
            ..base.clone()
        },
        base.clone(),
        Scenario {
            name: "s1-200",
            title: "S1 chat at 200 requests/s",
            rate: Some(200.0),
            stretch: 2.0,
            ..base.clone()
        },
        Scenario {
            name: "s2-burst",
            title: "S2 stream, 64 chunks of 200 B at once, 32 connections",
            body: chat_stream("bench-sse-64-200-0", 512),
            shape: Shape::Stream {
                chunks: 64,
                gap: Duration::ZERO,
            },
            ..base.clone()
        },
        Scenario {
            name: "s2-paced",
            title: "S2 stream, 64 chunks of 200 B 10 ms apart, 100 streams",
            connections: 100,
            body: chat_stream("bench-sse-64-200-10", 512),
            shape: Shape::Stream { chunks: 64, gap },
            stretch: 2.0,
            ..base.clone()
        },
        Scenario {
            name: "s4",
            title: "S4 chat, 200 KiB up, 16 connections",
            connections: 16,
            body: chat("bench-json-1024", 200 * 1024),
            ..base.clone()
        },
        Scenario {
            name: "t1",
            title: "T1 chat to a provider that speaks Anthropic's format, otherwise as S1",
            body: chat("bench-cross-json-1024", 512),
            ..base.clone()
        },
        Scenario {
            name: "t2-burst",
            title: "T2 stream from a provider that speaks Anthropic's format, otherwise as S2, at once",
            body: chat_stream("bench-cross-sse-64-200-0", 512),
            shape: Shape::Stream {
                chunks: 64,
                gap: Duration::ZERO,
            },
            ..base.clone()
        },
        Scenario {
            name: "t2-paced",
            title: "T2 stream from a provider that speaks Anthropic's format, otherwise as S2, 10 ms apart",
            connections: 100,
            body: chat_stream("bench-cross-sse-64-200-10", 512),
            shape: Shape::Stream { chunks: 64, gap },
            stretch: 2.0,
            ..base.clone()
        },
        Scenario {
            name: "g1",
            title: "G1 chat with four recognisers on request and answer, otherwise as S1",
            path: GUARDED,
            ..base.clone()
        },
        Scenario {
            name: "g2-burst",
            title: "G2 stream with four recognisers, otherwise as S2, at once",
            path: GUARDED,
            body: chat_stream("bench-sse-64-200-0", 512),
            shape: Shape::Stream {
                chunks: 64,
                gap: Duration::ZERO,
            },
            ..base.clone()
        },
        Scenario {
            name: "g2-paced",
            title: "G2 stream with four recognisers, otherwise as S2, 10 ms apart",
            connections: 100,
            path: GUARDED,
            body: chat_stream("bench-sse-64-200-10", 512),
            shape: Shape::Stream { chunks: 64, gap },
            stretch: 2.0,
            ..base.clone()
        },
        Scenario {
            name: "g4",
            title: "G4 chat, 200 KiB up, four recognisers, otherwise as S4",
            connections: 16,
            path: GUARDED,
            body: chat("bench-json-1024", 200 * 1024),
            ..base.clone()
        },
    ]
}

/// A chat request of about this many bytes.
pub(crate) fn chat(model: &str, size: usize) -> Bytes {
    request(model, size, "")
}

/// The same, asking for a stream.
pub(crate) fn chat_stream(model: &str, size: usize) -> Bytes {
    request(
        model,
        size,
        ",\"stream\":true,\"stream_options\":{\"include_usage\":true}",
    )
}

fn request(model: &str, size: usize, more: &str) -> Bytes {
    let frame = |text: &str| {
        format!(
            "{{\"model\":\"{model}\"{more},\"temperature\":0.7,\"messages\":[{{\"role\":\"system\",\"content\":\"You are \
             helpful.\"}},{{\"role\":\"user\",\"content\":\"{text}\"}}]}}"
        )
    };
    let rest = size.saturating_sub(frame("").len());
    Bytes::from(frame(&"lorem ipsum ".repeat(rest / 12 + 1)[..rest]))
}
