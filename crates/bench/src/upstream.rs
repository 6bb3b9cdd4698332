//! A model provider as cheap as it can be: answers are made once, requests are barely read. What it answers is in the request's
//! model: `bench-json-1024` is a whole answer of that many bytes, `bench-sse-64-200-10` a stream of 64 chunks of 200 bytes, 10 ms
//! apart (0: one right after the other, a write each, as a fast engine does).

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use crate::wire::{Head, head};

/// Runs the upstream until it is killed.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct UpstreamArgs {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
}

/// What a model answers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    Json(usize),
    Sse { chunks: usize, size: usize, gap: Duration },
}

pub(crate) fn run(args: &UpstreamArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(async {
        let listener = TcpListener::bind(args.listen).await?;
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            tokio::task::spawn_local(serve(stream));
        }
    }))
}

/// Answers until the client leaves; how it leaves doesn't matter.
async fn serve(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::with_capacity(16 * 1024);
    // The answer of the last model: nearly always the next one's, too.
    let mut made: (Vec<u8>, Plan, Vec<Bytes>) = (Vec::new(), Plan::Json(0), Vec::new());
    while let Some(model) = request(&mut stream, &mut input).await? {
        if made.0 != model {
            let plan = plan(&model);
            made = (model, plan.clone(), answer(&plan));
        }
        play(&mut stream, &made.1, &made.2).await?;
    }
    Ok(())
}

/// Reads one request, and gives its model.
async fn request(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Option<Vec<u8>>> {
    loop {
        if let Some(Head { length, body, chunked, .. }) = head(input) {
            if chunked {
                return chunked_request(stream, input, body).await.map(Some);
            }
            let end = body + length;
            while input.len() < end {
                if stream.read_buf(input).await? == 0 {
                    return Ok(None);
                }
            }
            let model = model(&input[body..end]);
            input.advance(end);
            return Ok(Some(model));
        }
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

/// A request whose body is chunked: nothing follows it until it is answered, so that its end can be looked for.
async fn chunked_request(stream: &mut TcpStream, input: &mut BytesMut, body: usize) -> Result<Vec<u8>> {
    while !input.ends_with(b"0\r\n\r\n") {
        if stream.read_buf(input).await? == 0 {
            break;
        }
    }
    let model = model(&input[body..]);
    input.clear();
    Ok(model)
}

fn model(body: &[u8]) -> Vec<u8> {
    // At the front or, after a long prompt, at the back.
    let found =
        memmem::find(&body[..body.len().min(1024)], b"\"bench-").or_else(|| memmem::rfind(body, b"\"bench-"));
    let Some(start) = found.map(|at| at + 1) else { return Vec::new() };
    let length = memchr::memchr(b'"', &body[start..]).unwrap_or(0);
    body[start..start + length].to_vec()
}

fn plan(model: &[u8]) -> Plan {
    let text = String::from_utf8_lossy(model);
    let numbers: Vec<usize> = text.split('-').filter_map(|n| n.parse().ok()).collect();
    match (text.starts_with("bench-sse-"), numbers.as_slice()) {
        (true, [chunks, size, gap]) => {
            Plan::Sse { chunks: *chunks, size: *size, gap: Duration::from_millis(*gap as u64) }
        }
        (false, [size]) => Plan::Json(*size),
        _ => Plan::Json(1024),
    }
}

fn answer(plan: &Plan) -> Vec<Bytes> {
    match plan {
        Plan::Json(size) => {
            let body = json(*size);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            vec![Bytes::from(head + &body)]
        }
        Plan::Sse { chunks, size, .. } => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            let events = (0..*chunks).map(|i| framed(&event(i, *size)));
            let last = framed(&finish()) + &framed("data: [DONE]\n\n") + "0\r\n\r\n";
            let pieces: Vec<String> = [head.to_owned()].into_iter().chain(events).chain([last]).collect();
            pieces.into_iter().map(Bytes::from).collect()
        }
    }
}

/// A chat answer of about this many bytes.
fn json(size: usize) -> String {
    let frame = |text: &str| {
        format!(
            "{{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"bench\",\
             \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\",\"refusal\":null}},\
             \"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":100,\"completion_tokens\":150,\
             \"total_tokens\":250}}}}"
        )
    };
    let rest = size.saturating_sub(frame("").len());
    frame(&"lorem ipsum ".repeat(rest / 12 + 1)[..rest])
}

/// An event of about this many bytes.
fn event(index: usize, size: usize) -> String {
    let frame = |text: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\
             \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{index} {text}\"}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    let rest = size.saturating_sub(frame("").len());
    frame(&"lorem ipsum ".repeat(rest / 12 + 1)[..rest])
}

fn finish() -> String {
    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\
     \"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":100,\
     \"completion_tokens\":64,\"total_tokens\":164}}\n\n"
        .to_owned()
}

fn framed(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn play(stream: &mut TcpStream, plan: &Plan, pieces: &[Bytes]) -> Result<()> {
    let gap = if let Plan::Sse { gap, .. } = plan { *gap } else { Duration::ZERO };
    let begun = Instant::now();
    for (i, piece) in pieces.iter().enumerate() {
        // The head goes with the first event's tick, not before it.
        if i > 0 && !gap.is_zero() {
            sleep_until(begun + gap * i as u32).await;
        }
        stream.write_all(piece).await?;
    }
    Ok(())
}
