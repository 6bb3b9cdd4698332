//! One runtime per core or one work-stealing runtime? The measurements behind docs/adr/0001-runtime.md.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;

use crate::load::{Load, Shape};
use crate::process::{Process, free_addr, own, per_thread};
use crate::report::{median, print};
use crate::scenario::{chat, chat_stream};
use crate::tally::percentile;

/// Compares the relay's modes on all cores, in interleaved rounds.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SpikeArgs {
    /// How many rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each window is.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How many cores the relay uses.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

const MODES: [&str; 3] = ["per-core", "per-core-fed", "work-stealing"];

/// One scenario: name, connections, requests per second, body, shape.
type Case = (&'static str, usize, Option<f64>, Bytes, Shape);

fn cases() -> Vec<Case> {
    let gap = Duration::from_millis(10);
    let paced = Shape::Stream { chunks: 64, gap };
    let small = || chat("bench-json-1024", 512);
    vec![
        ("32 keep-alive connections", 32, None, small(), Shape::Whole),
        (
            "32 connections, 200 requests/s",
            32,
            Some(200.0),
            small(),
            Shape::Whole,
        ),
        (
            "100 streams, 10 ms chunks",
            100,
            None,
            chat_stream("bench-sse-64-200-10", 512),
            paced,
        ),
        (
            "one h2 connection, 100 streams",
            100,
            None,
            small(),
            Shape::Http2,
        ),
        ("2 connections", 2, None, small(), Shape::Whole),
        ("4 connections", 4, None, small(), Shape::Whole),
    ]
}

/// What one window gave: CPU per request in µs, requests per second, p50, p99, and the busiest thread's share.
type Sample = [f64; 5];

pub(crate) fn run(args: &SpikeArgs) -> Result<()> {
    let upstream = free_addr()?;
    let _upstream = Process::start(
        "upstream",
        None,
        &own(&["upstream", "--listen", &upstream.to_string()])?,
        upstream,
    )?;
    let mut samples: Vec<Vec<Vec<Sample>>> = vec![vec![Vec::new(); MODES.len()]; cases().len()];
    for round in 0..args.rounds {
        for (c, case) in cases().iter().enumerate() {
            for turn in 0..MODES.len() {
                // Another mode goes first each round.
                let m = (turn + round) % MODES.len();
                samples[c][m].push(window(args, MODES[m], case, upstream)?);
            }
        }
    }
    print(
        "| load | relay | CPU µs/request | requests/s | worst round | p50 µs | p99 µs | busiest thread | worst round |",
    );
    print("|---|---|---|---|---|---|---|---|---|");
    for (case, modes) in cases().iter().zip(&samples) {
        for (mode, rounds) in MODES.iter().zip(modes) {
            print(&line(case.0, mode, rounds));
        }
    }
    Ok(())
}

fn line(case: &str, mode: &str, rounds: &[Sample]) -> String {
    let column = |i: usize| rounds.iter().map(move |s| s[i]);
    let middle = |i: usize| median(column(i).collect());
    format!(
        "| {case} | {mode} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} % | {:.0} % |",
        middle(0),
        middle(1),
        column(1).fold(f64::INFINITY, f64::min),
        middle(2),
        middle(3),
        middle(4),
        column(4).fold(0.0, f64::max)
    )
}

fn window(
    args: &SpikeArgs,
    mode: &str,
    case: &Case,
    upstream: std::net::SocketAddr,
) -> Result<Sample> {
    let listen = free_addr()?;
    let command = own(&[
        "relay",
        "--mode",
        mode,
        "--threads",
        &args.threads.to_string(),
        "--listen",
        &listen.to_string(),
        "--upstream",
        &upstream.to_string(),
    ])?;
    let relay = Process::start(mode, None, &command, listen)?;
    let (_, connections, rate, body, shape) = case.clone();
    let time = Duration::from_secs_f64(if matches!(shape, Shape::Stream { .. }) {
        args.seconds * 1.5
    } else {
        args.seconds
    });
    let load = Load {
        target: listen,
        path: crate::scenario::CHAT,
        body,
        connections,
        rate,
        time,
        shape,
    };
    // Connections and pools are there before the window.
    Load {
        time: Duration::from_millis(200),
        ..load.clone()
    }
    .run()?;
    let (before, threads) = (relay.usage(), per_thread(&relay));
    let begun = Instant::now();
    let mut tally = load.run()?;
    let seconds = begun.elapsed().as_secs_f64();
    let (after, threads_after) = (relay.usage(), per_thread(&relay));
    anyhow::ensure!(
        tally.errors == 0,
        "{mode}, {}: {} errors",
        case.0,
        tally.errors
    );
    let each: Vec<f64> = threads_after
        .iter()
        .zip(&threads)
        .map(|(a, b)| a.saturating_sub(*b) as f64)
        .collect();
    let all: f64 = each.iter().sum();
    let busiest = each.iter().copied().fold(0.0, f64::max) * 100.0 / all.max(1.0);
    let values = if tally.late.is_empty() {
        &mut tally.latency
    } else {
        &mut tally.late
    };
    Ok([
        (after.cpu - before.cpu) as f64 / 1000.0 / tally.done.max(1) as f64,
        tally.done as f64 / seconds,
        percentile(values, 50.0),
        percentile(values, 99.0),
        busiest,
    ])
}
