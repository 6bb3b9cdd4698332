//! Processes that a command starts, waits for and stops.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

use crate::generate::root;
use crate::http;

/// Says what comes next.
pub(crate) fn step(text: &str) {
    println!("==> {text}");
}

/// A port that is free now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

pub(crate) fn sluice() -> PathBuf {
    root().join("target/ci/sluice")
}

/// A path below the root.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Waits until the process answers, or has ended.
pub(crate) async fn wait_for(child: &mut Child, port: u16, path: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("it ended before it answered: {status}; see target/up/*.log");
        }
        match http::get(port, path).await {
            Ok(answer) if answer.status < 500 => return Ok(()),
            _ if Instant::now() > deadline => {
                bail!("no answer on port {port} within two minutes; see target/up/*.log")
            }
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Asks a process to end, as Kubernetes would, and waits for it.
pub(crate) async fn stop(child: &mut Child) -> anyhow::Result<ExitStatus> {
    if let Some(id) = child.id() {
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
    }
    let ended = tokio::time::timeout(Duration::from_secs(40), child.wait()).await;
    ended.context("it does not end")?.context("it cannot be waited for")
}
