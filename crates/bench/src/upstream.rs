//! A model provider as cheap as it can be: answers are made once, requests are barely read. What it answers is in the request's
//! model: `bench-json-1024` is a whole answer of that many bytes, `bench-sse-64-200-10` a stream of 64 chunks of 200 bytes, 10 ms
//! apart (0: one right after the other, a write each, as a fast engine does). Whatever stands between `bench-` and `json` or `sse` is for
//! gateways to choose by. At paths that end in `/messages` the same is said in Anthropic's format.

mod answer;

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

/// What is read of a request.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    model: Vec<u8>,
    /// Whether in Anthropic's format.
    messages: bool,
}

/// What a model answers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    Json(usize),
    Sse {
        chunks: usize,
        size: usize,
        gap: Duration,
    },
}

impl Default for Plan {
    fn default() -> Self {
        Self::Json(1024)
    }
}

pub(crate) fn run(args: &UpstreamArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(LocalSet::new().run_until(async {
        let listener = TcpListener::bind(args.listen).await?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            tokio::task::spawn_local(serve(stream));
        }
    }))
}

/// Answers until the client leaves; how it leaves doesn't matter.
async fn serve(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::with_capacity(16 * 1024);
    // The answer of the last model: nearly always the next one's, too.
    let mut made: (Asked, Plan, Vec<Bytes>) = Default::default();
    while let Some(asked) = request(&mut stream, &mut input).await? {
        if made.0 != asked {
            let plan = plan(&asked.model);
            let pieces = if asked.messages {
                answer::messages(&plan)
            } else {
                answer::chat(&plan)
            };
            made = (asked, plan, pieces);
        }
        play(&mut stream, &made.1, &made.2).await?;
    }
    Ok(())
}

/// Reads one request.
async fn request(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Option<Asked>> {
    loop {
        if let Some(Head {
            length,
            body,
            chunked,
            ..
        }) = head(input)
        {
            let line = &input[..memchr::memchr(b'\r', input).unwrap_or(0)];
            let messages = memmem::find(line, b"/messages ").is_some();
            if chunked {
                let model = chunked_request(stream, input, body).await?;
                return Ok(Some(Asked { model, messages }));
            }
            let end = body + length;
            while input.len() < end {
                if stream.read_buf(input).await? == 0 {
                    return Ok(None);
                }
            }
            let model = model(&input[body..end]);
            input.advance(end);
            return Ok(Some(Asked { model, messages }));
        }
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

/// A request whose body is chunked: nothing follows it until it is answered, so that its end can be looked for.
async fn chunked_request(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    body: usize,
) -> Result<Vec<u8>> {
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
    let found = memmem::find(&body[..body.len().min(1024)], b"\"bench-")
        .or_else(|| memmem::rfind(body, b"\"bench-"));
    let Some(start) = found.map(|at| at + 1) else {
        return Vec::new();
    };
    let length = memchr::memchr(b'"', &body[start..]).unwrap_or(0);
    body[start..start + length].to_vec()
}

fn plan(model: &[u8]) -> Plan {
    let text = String::from_utf8_lossy(model);
    let numbers: Vec<usize> = text.split('-').filter_map(|n| n.parse().ok()).collect();
    match (text.contains("-sse-"), numbers.as_slice()) {
        (true, [chunks, size, gap]) => Plan::Sse {
            chunks: *chunks,
            size: *size,
            gap: Duration::from_millis(*gap as u64),
        },
        (false, [size]) => Plan::Json(*size),
        _ => Plan::default(),
    }
}

async fn play(stream: &mut TcpStream, plan: &Plan, pieces: &[Bytes]) -> Result<()> {
    let gap = if let Plan::Sse { gap, .. } = plan {
        *gap
    } else {
        Duration::ZERO
    };
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
