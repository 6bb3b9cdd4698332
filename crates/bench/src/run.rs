//! One bench run: the proxies take turns under each load.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::load::{Load, Shape};
use crate::nginx::Nginx;
use crate::process::{Process, Usage, free_addr, machine, own, pin_self, steal};
use crate::report::{Row, Run, print};
use crate::scenario::{self, Scenario};
use crate::tally::percentile;

/// Measures nginx, the bare relay and, if one is given, the gateway.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The gateway's command line, in which {port}, {upstream} (an address) and {config} are filled in. Give it several
    /// times as NAME=COMMAND to compare gateways.
    #[arg(long, value_name = "[NAME=]COMMAND")]
    gateway: Vec<String>,
    /// The gateway's configuration, in which {port}, {upstream}, {upstream_host} and {upstream_port} are filled in; {config}
    /// is where it then lies.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Where the upstream listens, for gateways that can't be told.
    #[arg(long)]
    upstream_listen: Option<SocketAddr>,
    /// Only these scenarios.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How many rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a window is; some scenarios take a multiple.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The core of what is measured.
    #[arg(long, default_value = "0")]
    core: String,
    /// The cores of upstream and load.
    #[arg(long, default_value = "1")]
    load_cores: String,
    /// Also write the numbers to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// A proxy under test.
struct Subject {
    name: String,
    /// None for the upstream itself, which load reaches without a proxy.
    whole: SocketAddr,
    stream: SocketAddr,
    kind: Kind,
}

enum Kind {
    Direct,
    Nginx(Nginx),
    Other(Process),
}

pub(crate) fn run(args: &RunArgs) -> Result<()> {
    pin_self(&args.load_cores)?;
    let listen = args.upstream_listen.map_or_else(free_addr, Ok)?;
    let command = own(&["upstream", "--listen", &listen.to_string()])?;
    let upstream = Process::start("upstream", Some(&args.load_cores), &command, listen)?;
    let folder = tempfile::tempdir().context("a folder for configurations")?;
    let subjects = subjects(args, listen, folder.path())?;
    let mut run = Run {
        rounds: args.rounds,
        seconds: args.seconds,
        scenarios: BTreeMap::new(),
    };
    for scenario in chosen(args)? {
        let mut rows: Vec<Vec<Row>> = subjects.iter().map(|_| Vec::new()).collect();
        let rounds = if scenario.memory { 1 } else { args.rounds };
        for round in 0..rounds {
            for turn in 0..subjects.len() {
                let i = (turn + round) % subjects.len();
                let process = subjects[i].process().unwrap_or(&upstream);
                rows[i].push(window(args, &scenario, &subjects[i], process)?);
            }
        }
        let medians = subjects
            .iter()
            .zip(rows)
            .map(|(s, r)| (s.name.clone(), Row::median(&r)))
            .collect();
        run.scenarios.insert(scenario.name.to_owned(), medians);
        print(&run.table(&scenario));
    }
    if let Some(path) = &args.json {
        fs::write(path, run.to_json()).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn chosen(args: &RunArgs) -> Result<Vec<Scenario>> {
    let all = scenario::all();
    for name in &args.only {
        ensure!(all.iter().any(|s| s.name == name), "no scenario {name:?}");
    }
    Ok(all
        .into_iter()
        .filter(|s| args.only.is_empty() || args.only.iter().any(|o| o == s.name))
        .collect())
}

fn subjects(args: &RunArgs, upstream: SocketAddr, folder: &Path) -> Result<Vec<Subject>> {
    let nginx = Nginx::start(&args.core, upstream)?;
    let listen = free_addr()?;
    let relay = own(&[
        "relay",
        "--mode",
        "per-core",
        "--listen",
        &listen.to_string(),
        "--upstream",
        &upstream.to_string(),
    ])?;
    let relay = Process::start("hyper-relay", Some(&args.core), &relay, listen)?;
    let other = |name: String, at, process| Subject {
        name,
        whole: at,
        stream: at,
        kind: Kind::Other(process),
    };
    let mut subjects = vec![
        Subject {
            name: "direct".into(),
            whole: upstream,
            stream: upstream,
            kind: Kind::Direct,
        },
        Subject {
            name: "nginx".into(),
            whole: nginx.whole,
            stream: nginx.stream,
            kind: Kind::Nginx(nginx),
        },
        other("hyper-relay".into(), listen, relay),
    ];
    for gateway in &args.gateway {
        let (name, command) = named(gateway);
        let listen = free_addr()?;
        let mut command = fill(&command, listen, upstream);
        if let Some(template) = &args.config {
            let text = fs::read_to_string(template)
                .with_context(|| format!("read {}", template.display()))?;
            let path = folder.join(format!("{name}.yaml"));
            fs::write(&path, fill(&text, listen, upstream))?;
            command = command.replace("{config}", &path.to_string_lossy());
        }
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        subjects.push(other(
            name.clone(),
            listen,
            Process::start(&name, Some(&args.core), &words, listen)?,
        ));
    }
    Ok(subjects)
}

fn fill(text: &str, listen: SocketAddr, upstream: SocketAddr) -> String {
    text.replace("{port}", &listen.port().to_string())
        .replace("{upstream}", &upstream.to_string())
        .replace("{upstream_host}", &upstream.ip().to_string())
        .replace("{upstream_port}", &upstream.port().to_string())
}

/// `NAME=COMMAND`, where a name has neither blanks nor slashes.
fn named(gateway: &str) -> (String, String) {
    match gateway.split_once('=') {
        Some((name, command)) if !name.contains([' ', '/', '-']) => {
            (name.to_owned(), command.to_owned())
        }
        _ => ("sluice".to_owned(), gateway.to_owned()),
    }
}

fn window(
    args: &RunArgs,
    scenario: &Scenario,
    subject: &Subject,
    process: &Process,
) -> Result<Row> {
    let streams = matches!(scenario.shape, Shape::Stream { .. });
    let load = Load {
        target: if streams {
            subject.stream
        } else {
            subject.whole
        },
        path: scenario.path,
        body: scenario.body.clone(),
        connections: scenario.connections,
        rate: scenario.rate,
        time: Duration::from_secs_f64(args.seconds * scenario.stretch),
        shape: scenario.shape,
    };
    let idle = process.usage().rss;
    if !scenario.memory {
        // Connections and pools are there before the window.
        Load {
            time: Duration::from_millis(200),
            ..load.clone()
        }
        .run()?;
    }
    let (before, machine_before, begun) = (process.usage(), machine(), Instant::now());
    let running = thread::spawn(move || load.run());
    let mut peak = before.rss;
    while !running.is_finished() {
        sleep(Duration::from_millis(50));
        if scenario.memory {
            peak = peak.max(process.usage().rss);
        }
    }
    let mut tally = running
        .join()
        .map_err(|_| anyhow::anyhow!("the load panicked"))??;
    let seconds = begun.elapsed().as_secs_f64();
    let after: Usage = process.usage();
    ensure!(
        tally.done > 0,
        "{} answered nothing under {}",
        subject.name,
        scenario.name
    );
    let cpu = (after.cpu - before.cpu) as f64 / 1000.0;
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    Ok(Row {
        cpu: cpu / tally.done as f64,
        cpu_chunk: if tally.chunks > 0 {
            cpu / tally.chunks as f64
        } else {
            0.0
        },
        rate: tally.done as f64 / seconds,
        p50: percentile(&mut tally.latency, 50.0),
        p99: percentile(&mut tally.latency, 99.0),
        first_p50: percentile(&mut tally.first, 50.0),
        first_p99: percentile(&mut tally.first, 99.0),
        late_p50: percentile(&mut tally.late, 50.0),
        late_p99: percentile(&mut tally.late, 99.0),
        idle: mib(idle),
        peak: mib(peak.max(after.rss)),
        per_stream: peak.saturating_sub(idle) as f64 / 1024.0 / scenario.connections as f64,
        errors: tally.errors as f64,
        steal: steal(&machine_before, &machine()),
    })
}

// === impl Subject ===

impl Subject {
    fn process(&self) -> Option<&Process> {
        match &self.kind {
            Kind::Direct => None,
            Kind::Nginx(nginx) => Some(&nginx.process),
            Kind::Other(process) => Some(process),
        }
    }
}
