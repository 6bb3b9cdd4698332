//! `cargo xtask verify …`: what takes too long for CI, each with a dated report in `docs/reports`.

use anyhow::Context;
use clap::Subcommand;
use tokio::process::Command;

use crate::child::{self, shown, step};
use crate::cluster::{image, lab};
use crate::conformance;
use crate::generate::root;
use crate::mutants;
use crate::report::report;
use crate::scenario::{self, Scenarios};

#[derive(Subcommand)]
pub(crate) enum Verify {
    /// What a request costs, beside nginx and a bare relay in one run
    Bench {
        /// Rounds, interleaved; medians over them are reported
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
    /// What is lost while operators, pods, keys and configuration change, in the real cluster
    Chaos(InCluster),
    /// From a change to its acknowledgement by three pods, in the real cluster
    Latency(InCluster),
    /// This version's operator with an older version's data planes, and the reverse, in the real cluster
    Skew {
        /// The older version
        #[arg(long, default_value = "8af7fc4")]
        commit: String,
    },
    /// What a change costs beside thousands of routes and policies, in the real cluster
    Scale(InCluster),
    /// One-line changes to the pure crates, each of which a test should notice
    Mutants(mutants::Mutants),
    /// Gateway API's own conformance suite, in the real cluster
    Conformance,
    /// Every client format at every provider in every case, against doubles
    Matrix {
        /// Write the table of the documentation anew
        #[arg(long)]
        update: bool,
    },
}

/// What runs in the cluster.
#[derive(clap::Args)]
pub(crate) struct InCluster {
    /// How the images are built
    #[arg(long, default_value = "ci")]
    profile: String,
    /// Take the images and the installation as they are
    #[arg(long)]
    installed: bool,
}

pub(crate) async fn run(verify: Verify) -> anyhow::Result<()> {
    match verify {
        Verify::Bench { rounds } => bench(rounds).await,
        Verify::Chaos(how) => {
            scenario("chaos", &how, "What is lost while everything changes").await
        }
        Verify::Latency(how) => scenario("latency", &how, "How fast a change arrives").await,
        Verify::Skew { commit } => skew(&commit).await,
        Verify::Scale(how) => scenario("scale", &how, "What a change costs among thousands").await,
        Verify::Mutants(args) => mutants::run(args).await,
        Verify::Conformance => conformance::report().await,
        Verify::Matrix { update } => matrix(update).await,
    }
}

async fn skew(commit: &str) -> anyhow::Result<()> {
    let folder = root().join("target/older");
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.arg("worktree")
            .args(args)
            .arg(&folder)
            .current_dir(root());
        git
    };
    if folder.exists() {
        run_command(&mut git(&["remove", "--force"])).await?;
    }
    run_command(git(&["add", "--detach"]).arg(commit)).await?;
    child::run(&mut lab::cluster(["up"])).await?;
    let loaded = image::load(image::Load::older(folder.clone(), scenario::skew::OLDER)).await;
    run_command(&mut git(&["remove", "--force"])).await?;
    loaded?;
    let how = InCluster {
        profile: "ci".to_owned(),
        installed: false,
    };
    scenario(
        "skew",
        &how,
        &format!("Commit {commit} beside this version"),
    )
    .await
}

async fn scenario(name: &str, how: &InCluster, title: &str) -> anyhow::Result<()> {
    let InCluster { profile, installed } = how;
    scenario::run(Scenarios::one(name, profile, *installed)).await?;
    let told = std::fs::read_to_string(scenario::told(name))?;
    let how = format!(
        "Images of profile `{profile}`. One node of two cores, which also runs the cluster, the load and the providers' doubles."
    );
    let written = report(
        name,
        &format!("# {title}\n\n`cargo xtask verify {name}`. {how}\n\n{told}"),
    )?;
    step(&format!("written to {}", shown(&written)));
    Ok(())
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
        .args([
            "run",
            "--rounds",
            &rounds.to_string(),
            "--config",
            "crates/bench/sluice.yaml",
        ])
        .arg("--gateway")
        .arg(gateway)
        .arg("--json")
        .arg(&json)
        .current_dir(root())
        .output()
        .await?;
    let tables = String::from_utf8(output.stdout).context("the bench printed no UTF-8")?;
    anyhow::ensure!(
        output.status.success(),
        "the bench failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    println!("{tables}");
    let report = report(
        "bench",
        &format!("# The bench\n\n{rounds} rounds; read docs/bench.md for how.\n\n{tables}"),
    )?;
    step(&format!("written to {}", shown(&report)));
    run_command(
        Command::new(release.join("sluice-bench"))
            .arg("gate")
            .arg(&json)
            .arg("crates/bench/limits.json"),
    )
    .await
}

/// The table is a test's, so that CI keeps it true.
async fn matrix(update: bool) -> anyhow::Result<()> {
    step("asking everybody everything");
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "test",
        "--profile",
        "ci",
        "-p",
        "sluice-dataplane",
        "--test",
        "loopback",
        "matrix::",
    ]);
    if update {
        command.env("UPDATE_GOLDEN", "1");
    }
    run_command(&mut command).await?;
    let table = std::fs::read_to_string(root().join("docs/reference/matrix.md"))?;
    println!("{table}");
    let report = report("matrix", &table)?;
    step(&format!("written to {}", shown(&report)));
    Ok(())
}

async fn run_command(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{:?}", command.as_std());
    let status = command
        .current_dir(root())
        .status()
        .await
        .with_context(|| format!("cannot run {shown}"))?;
    anyhow::ensure!(status.success(), "{shown} failed with {status}");
    Ok(())
}
