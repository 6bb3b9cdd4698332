//! Processes under test: started, pinned, measured from /proc, stopped by their own id.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// A running process; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    child: Child,
}

/// What a process and its children used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time of every thread, nanoseconds.
    pub(crate) cpu: u64,
    /// Resident memory, bytes.
    pub(crate) rss: u64,
}

// === impl Process ===

impl Process {
    /// Starts a program, on these cores if any are given, and waits until it listens.
    pub(crate) fn start(
        name: &str,
        cores: Option<&str>,
        command: &[String],
        listens: SocketAddr,
    ) -> Result<Self> {
        let mut words: Vec<&str> = cores.map_or(Vec::new(), |c| vec!["taskset", "-c", c]);
        words.extend(command.iter().map(String::as_str));
        let (program, args) = words.split_first().context("an empty command")?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {name}: {}", words.join(" ")))?;
        let mut process = Self {
            name: name.to_owned(),
            child,
        };
        process.wait_for(listens)?;
        Ok(process)
    }

    fn wait_for(&mut self, listens: SocketAddr) -> Result<()> {
        let patience = Instant::now() + Duration::from_secs(10);
        while Instant::now() < patience {
            if TcpStream::connect(listens).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "{} ended with {status} before it listened on {listens}",
                    self.name
                );
            }
            sleep(Duration::from_millis(20));
        }
        bail!("{} doesn't listen on {listens}", self.name)
    }

    /// What it and its children used so far.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for pid in tree(self.child.id()) {
            usage.cpu += threads(pid)
                .iter()
                .map(|tid| nanoseconds(pid, *tid))
                .sum::<u64>();
            usage.rss += resident(pid);
        }
        usage
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Children first: nginx's worker outlives a killed master.
        let pids: Vec<String> = tree(self.child.id()).iter().map(u32::to_string).collect();
        let _ = Command::new("kill")
            .arg("-TERM")
            .args(&pids)
            .stderr(Stdio::null())
            .status();
        let patience = Instant::now() + Duration::from_secs(2);
        while Instant::now() < patience {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process and all that descend from it.
fn tree(root: u32) -> Vec<u32> {
    let mut pids = vec![root];
    let mut next = 0;
    while let Some(&pid) = pids.get(next) {
        for tid in threads(pid) {
            let children =
                fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")).unwrap_or_default();
            pids.extend(
                children
                    .split_whitespace()
                    .filter_map(|c| c.parse::<u32>().ok()),
            );
        }
        next += 1;
    }
    pids
}

fn threads(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .collect()
}

/// Time on a core: the first number of schedstat.
fn nanoseconds(pid: u32, tid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")).unwrap_or_default();
    text.split_whitespace()
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

/// CPU time of each thread, in the order of their ids.
pub(crate) fn per_thread(process: &Process) -> Vec<u64> {
    let pid = process.child.id();
    let mut tids = threads(pid);
    tids.sort_unstable();
    tids.iter().map(|tid| nanoseconds(pid, *tid)).collect()
}

fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = text
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    pages * 4096
}

/// Share of all CPU time that the hypervisor took, in percent, since an earlier reading.
pub(crate) fn steal(before: &[u64], after: &[u64]) -> f64 {
    let passed: Vec<u64> = after
        .iter()
        .zip(before)
        .map(|(a, b)| a.saturating_sub(*b))
        .collect();
    let total: u64 = passed.iter().sum();
    if total == 0 {
        0.0
    } else {
        passed.get(7).copied().unwrap_or(0) as f64 * 100.0 / total as f64
    }
}

/// The machine's CPU counters.
pub(crate) fn machine() -> Vec<u64> {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    text.lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|n| n.parse().ok())
        .collect()
}

/// Moves this process onto a core.
pub(crate) fn pin_self(cores: &str) -> Result<()> {
    let pid = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-a", "-p", "-c", cores, &pid])
        .stdout(Stdio::null())
        .status()?;
    ensure!(
        status.success(),
        "taskset could not move this process to core {cores}"
    );
    Ok(())
}

/// A loopback address nobody listens on.
pub(crate) fn free_addr() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The command line of this program's own subcommand.
pub(crate) fn own(args: &[&str]) -> Result<Vec<String>> {
    let program = std::env::current_exe()?.to_string_lossy().into_owned();
    Ok([program]
        .into_iter()
        .chain(args.iter().map(|a| (*a).to_owned()))
        .collect())
}
