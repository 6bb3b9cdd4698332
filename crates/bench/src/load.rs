//! The load: a raw HTTP/1.1 client that costs little, checks every answer, and stops at a time and at a count.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::{Buf, Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::tally::{Events, Tally, micros};
use crate::wire::{Chunked, head};

/// The most requests of one run.
const BOUND: u64 = 2_000_000;
/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to send, how, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) target: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) body: Bytes,
    pub(crate) connections: usize,
    /// Requests per second over all connections; as many as will go without.
    pub(crate) rate: Option<f64>,
    pub(crate) time: Duration,
    pub(crate) shape: Shape,
}

/// What an answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// JSON over HTTP/1.1.
    Whole,
    /// So many events, this far apart.
    Stream { chunks: usize, gap: Duration },
    /// JSON, every "connection" a stream of the same HTTP/2 connection.
    Http2,
}

// === impl Load ===

impl Load {
    /// Runs on a runtime of its own, on this thread.
    pub(crate) fn run(&self) -> Result<Tally> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.spread())
    }

    async fn spread(&self) -> Result<Tally> {
        let begin = Instant::now() + Duration::from_millis(20);
        let h2 = if self.shape == Shape::Http2 {
            Some(self.connect_h2().await?)
        } else {
            None
        };
        let mut tasks = JoinSet::new();
        for index in 0..self.connections {
            let (load, h2) = (self.clone(), h2.clone());
            tasks.spawn(async move {
                match h2 {
                    Some(sender) => load.stream_h2(begin, sender).await,
                    None => load.connection(begin, index).await,
                }
            });
        }
        let mut tally = Tally::default();
        while let Some(task) = tasks.join_next().await {
            tally.add(task?);
        }
        Ok(tally)
    }

    fn request(&self) -> Bytes {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             authorization: Bearer sk-bench\r\naccept: */*\r\nuser-agent: sluice-bench\r\ncontent-length: {}\r\n\r\n",
            self.path,
            self.target,
            self.body.len()
        );
        Bytes::from([head.as_bytes(), &self.body].concat())
    }

    /// When a connection sends its n-th request, if that is not "when the last one is over".
    fn due(&self, begin: Instant, index: usize, n: u64) -> Option<Instant> {
        if let Some(rate) = self.rate {
            let slot = (index as u64 + n * self.connections as u64) as f64;
            return Some(begin + Duration::from_secs_f64(slot / rate));
        }
        match self.shape {
            // Streams that all began at once would also tick at once.
            Shape::Stream { chunks, gap } if n == 0 => {
                Some(begin + gap * chunks as u32 * index as u32 / self.connections as u32)
            }
            _ => None,
        }
    }

    async fn connection(&self, begin: Instant, index: usize) -> Tally {
        let (mut tally, request, end) = (Tally::default(), self.request(), begin + self.time);
        let mut open: Option<TcpStream> = None;
        let mut input = BytesMut::with_capacity(64 * 1024);
        for n in 0..BOUND / self.connections as u64 {
            let due = self.due(begin, index, n);
            if due.unwrap_or_else(Instant::now) >= end {
                break;
            }
            // A request that had to wait for the one before it counts from when it was due; one that the timer kept
            // waiting doesn't.
            let late = due.filter(|due| *due < Instant::now() && self.rate.is_some());
            if let Some(due) = due {
                sleep_until(due).await;
            }
            let begun = late.unwrap_or_else(Instant::now);
            let exchange = async {
                if open.is_none() {
                    let stream = TcpStream::connect(self.target).await?;
                    stream.set_nodelay(true)?;
                    open = Some(stream);
                }
                let Some(stream) = open.as_mut() else {
                    return Ok(());
                };
                stream.write_all(&request).await?;
                self.answer(stream, &mut input, begun, &mut tally).await
            };
            let done = tokio::time::timeout(PATIENCE, exchange).await;
            if !matches!(done, Ok(Ok(()))) {
                tally.errors += 1;
                open = None;
                input.clear();
                if tally.errors > 100 {
                    break;
                }
            }
        }
        tally
    }

    async fn answer(
        &self,
        stream: &mut TcpStream,
        input: &mut BytesMut,
        begun: Instant,
        tally: &mut Tally,
    ) -> Result<()> {
        let head = loop {
            if let Some(head) = head(input) {
                break head;
            }
            ensure!(
                stream.read_buf(input).await? > 0,
                "closed before the answer"
            );
        };
        ensure!(head.status == 200, "status {}", head.status);
        input.advance(head.body);
        match self.shape {
            Shape::Stream { chunks, gap } => {
                let mut events = Events::new(begun, chunks, gap);
                let mut body = Chunked::default();
                while !body.take(input, |data| events.see(data)) {
                    ensure!(stream.read_buf(input).await? > 0, "closed in the stream");
                }
                // The events, the finish and [DONE]; a translation says the role and the usage in events of their own.
                ensure!(
                    (chunks + 2..=chunks + 4).contains(&events.seen) && events.done,
                    "{} events",
                    events.seen
                );
                tally.chunks += events.seen as u64;
                tally.first.push(events.first);
                tally.late.append(&mut events.late);
            }
            _ => self.whole(stream, input, head).await?,
        }
        tally.done += 1;
        tally.latency.push(micros(begun.elapsed()));
        Ok(())
    }

    async fn whole(
        &self,
        stream: &mut TcpStream,
        input: &mut BytesMut,
        head: crate::wire::Head,
    ) -> Result<()> {
        if head.chunked {
            let (mut body, mut right) = (Chunked::default(), false);
            while !body.take(input, |data| right |= finished(data)) {
                ensure!(stream.read_buf(input).await? > 0, "closed in the answer");
            }
            ensure!(right, "not the answer");
            return Ok(());
        }
        while input.len() < head.length {
            ensure!(stream.read_buf(input).await? > 0, "closed in the answer");
        }
        ensure!(finished(&input[..head.length]), "not the answer");
        input.advance(head.length);
        Ok(())
    }

    async fn connect_h2(&self) -> Result<http2::SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.target).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn stream_h2(
        &self,
        begin: Instant,
        mut sender: http2::SendRequest<Full<Bytes>>,
    ) -> Tally {
        let (mut tally, end) = (Tally::default(), begin + self.time);
        while Instant::now() < end && tally.errors < 100 {
            let begun = Instant::now();
            let exchange = async {
                let request = Request::post(format!("http://{}{}", self.target, self.path))
                    .header("authorization", "Bearer sk-bench")
                    .header("content-type", "application/json")
                    .body(Full::new(self.body.clone()))?;
                let answer = sender.send_request(request).await?;
                ensure!(answer.status() == 200, "status");
                ensure!(
                    finished(&answer.into_body().collect().await?.to_bytes()),
                    "not the answer"
                );
                Ok(())
            };
            match tokio::time::timeout(PATIENCE, exchange).await {
                Ok(Ok(())) => {
                    tally.done += 1;
                    tally.latency.push(micros(begun.elapsed()));
                }
                _ => tally.errors += 1,
            }
        }
        tally
    }
}

fn finished(body: &[u8]) -> bool {
    memmem::rfind(body, b"\"finish_reason\":\"stop\"").is_some()
}
