//! `cargo xtask verify …`: what takes too long for CI, each with a dated report in `docs/reports`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use tokio::process::Command;

use crate::child::{shown, step};
use crate::generate::root;

#[derive(Subcommand)]
pub(crate) enum Verify {
    /// What a request costs, beside nginx and a bare relay in one run
    Bench {
        /// Rounds, interleaved; medians over them are reported
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
}

pub(crate) async fn run(verify: Verify) -> anyhow::Result<()> {
    match verify {
        Verify::Bench { rounds } => bench(rounds).await,
    }
}

async fn bench(rounds: u32) -> anyhow::Result<()> {
    step("building for release (several minutes)");
    run_command(Command::new(env!("CARGO")).args([
        "build",
        "--release",
        "-p",
        "sluice-cli",
        "-p",
        "sluice-bench",
    ]))
    .await?;
    let release = root().join("target/release");
    let gateway = format!(
        "{} run -f {{config}} --listen 127.0.0.1:{{port}} --env-file /dev/null --workers 1",
        release.join("sluice").display()
    );
    let json = root().join("target/bench.json");
    step("measuring");
    let output = Command::new(release.join("sluice-bench"))
        .args(["run", "--rounds", &rounds.to_string(), "--config", "crates/bench/sluice.yaml"])
        .arg("--gateway")
        .arg(gateway)
        .arg("--json")
        .arg(&json)
        .current_dir(root())
        .output()
        .await?;
    let tables = String::from_utf8(output.stdout).context("the bench printed no UTF-8")?;
    anyhow::ensure!(output.status.success(), "the bench failed: {}", String::from_utf8_lossy(&output.stderr));
    println!("{tables}");
    let report =
        report("bench", &format!("# The bench\n\n{rounds} rounds; read docs/bench.md for how.\n\n{tables}"))?;
    step(&format!("written to {}", shown(&report)));
    run_command(
        Command::new(release.join("sluice-bench")).arg("gate").arg(&json).arg("crates/bench/limits.json"),
    )
    .await
}

/// Writes a report of today.
fn report(name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let folder = root().join("docs/reports");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}-{today}.md"));
    std::fs::write(&path, text)?;
    Ok(path)
}

async fn run_command(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{:?}", command.as_std());
    let status = command.current_dir(root()).status().await.with_context(|| format!("cannot run {shown}"))?;
    anyhow::ensure!(status.success(), "{shown} failed with {status}");
    Ok(())
}
