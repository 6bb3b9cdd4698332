//! Processes that a command starts, waits for and stops.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

use crate::generate::root;
use crate::http::Request;

/// Says what comes next.
pub(crate) fn step(text: &str) {
    println!("==> {text}");
}

pub(crate) fn sluice() -> PathBuf {
    root().join("target/ci/sluice")
}

/// A path below the root.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Waits until the process answers, or has ended.
pub(crate) async fn wait_for(child: &mut Child, port: u16, path: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("it ended before it answered: {status}; see target/up/*.log");
        }
        match Request::get(&format!("http://127.0.0.1:{port}{path}"))
            .send()
            .await
        {
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
        Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()
            .await?;
    }
    let ended = tokio::time::timeout(Duration::from_secs(40), child.wait()).await;
    ended
        .context("it does not end")?
        .context("it cannot be waited for")
}

/// Runs a command to its end; fails with it.
pub(crate) async fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{:?}", command.as_std());
    let status = command
        .status()
        .await
        .with_context(|| format!("cannot run {shown}"))?;
    anyhow::ensure!(status.success(), "{shown} failed with {status}");
    Ok(())
}

/// Builds what [`sluice`] names.
pub(crate) async fn build_sluice() -> anyhow::Result<()> {
    run(Command::new(env!("CARGO"))
        .args(["build", "--profile", "ci", "--bin", "sluice"])
        .current_dir(root()))
    .await
}

/// Doubles of the providers, which answer when this returns and end when it is dropped.
pub(crate) async fn mock(port: u16) -> anyhow::Result<Child> {
    let mut child = Command::new(sluice())
        .args(["mock", "--listen", &format!("127.0.0.1:{port}")])
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    wait_for(&mut child, port, "/v1/models").await?;
    Ok(child)
}
