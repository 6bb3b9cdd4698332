//! `cargo xtask test`: all that CI runs, with the time of each stage.

use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use tokio::process::Command;

use crate::child::{self, step};
use crate::cluster::lab;
use crate::generate::{self, root};
use crate::scenario::{self, Scenarios};
use crate::{charts, conformance, purity, sdk};

#[derive(Args)]
pub(crate) struct Test {
    /// Run only these stages
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Stages in order, the quick ones first. `name: what it shows`.
const STAGES: [(&str, &str); 10] = [
    ("format", "the code is formatted"),
    ("drift", "generated files are as they would be generated"),
    (
        "purity",
        "pure crates are pure, and there is one TLS library",
    ),
    ("lints", "clippy has nothing to say"),
    ("tests", "units, goldens, properties and loopback"),
    ("model", "the quickstart answers with a real model"),
    ("sdks", "the vendors' own SDKs work through the gateway"),
    (
        "charts",
        "the charts render as written down, and refuse what makes no sense",
    ),
    (
        "admission",
        "a real API server takes and refuses what files do, and takes the charts",
    ),
    (
        "cluster",
        "both charts, what users do, and tests of Gateway API's own suite, in a real cluster",
    ),
];

pub(crate) async fn run(test: Test) -> anyhow::Result<()> {
    if let Some(unknown) = test
        .only
        .iter()
        .find(|name| !STAGES.iter().any(|(n, _)| n == name))
    {
        bail!(
            "{unknown:?} is no stage: there are {}",
            STAGES.map(|(name, _)| name).join(", ")
        );
    }
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let chosen = STAGES
        .into_iter()
        .filter(|(name, _)| test.only.is_empty() || test.only.iter().any(|o| o == name));
    for (name, shows) in chosen {
        step(&format!("{name}: {shows}"));
        let began = Instant::now();
        if let Err(error) = stage(name).await {
            println!(
                "==> {name} failed after {:.0} s",
                began.elapsed().as_secs_f64()
            );
            return Err(error.context(format!("stage {name} failed")));
        }
        times.push((name, began.elapsed()));
    }
    println!("\n| stage | seconds |\n| --- | --- |");
    for (name, time) in &times {
        println!("| {name} | {:.0} |", time.as_secs_f64());
    }
    println!(
        "| all | {:.0} |\n",
        times.iter().map(|(_, t)| t.as_secs_f64()).sum::<f64>()
    );
    println!("{} passed, 0 failed", times.len());
    Ok(())
}

async fn stage(name: &str) -> anyhow::Result<()> {
    match name {
        "format" => cargo(&["fmt", "--all", "--check"]).await,
        "drift" => generate::run(true),
        "purity" => purity::check(),
        "lints" => {
            cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--profile",
                "ci",
                "--",
                "-D",
                "warnings",
            ])
            .await
        }
        "tests" => cargo(&["test", "--workspace", "--profile", "ci"]).await,
        "model" => crate::up::run(crate::up::Up::once()).await,
        "sdks" => sdk::run().await,
        "charts" => charts::check().await,
        "admission" => admission().await,
        "cluster" => cluster().await,
        other => bail!("stage {other} has no command"),
    }
}

async fn cargo(args: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(root())
        .status()
        .await?;
    anyhow::ensure!(status.success(), "cargo {} failed", args.join(" "));
    Ok(())
}

/// A cluster that was not there before is gone afterwards, unless what was done in it failed: then it can be looked at.
async fn cluster() -> anyhow::Result<()> {
    let was_up = lab::cluster(["status"]).output().await?.status.success();
    scenario::run(Scenarios::short()).await?;
    conformance::some().await?;
    if !was_up {
        child::run(&mut lab::cluster(["down"])).await?;
    }
    Ok(())
}

/// Starts an API server of its own, and stops it whatever comes of it.
async fn admission() -> anyhow::Result<()> {
    let cluster = root().join("e2e/cluster/cluster");
    let settings = [
        ("KUBE_LAB_NAME", "admission"),
        ("KUBE_LAB_TIER", "api"),
        ("KUBE_LAB_PORT", "16553"),
    ];
    let command = |program: &std::path::Path| {
        let mut command = Command::new(program);
        command.envs(settings).current_dir(root());
        command
    };
    let shell = format!(
        "eval \"$({} env)\" && e2e/admission/run && e2e/charts/run",
        cluster.display()
    );
    let up = command(&cluster).arg("up").status().await?;
    let checked = if up.success() {
        Some(
            command("bash".as_ref())
                .args(["-c", &shell])
                .status()
                .await?,
        )
    } else {
        None
    };
    let down = command(&cluster).arg("down").status().await?;
    anyhow::ensure!(
        checked.is_some_and(|s| s.success()),
        "the API server did not start, or does not agree"
    );
    anyhow::ensure!(down.success(), "the API server could not be stopped");
    Ok(())
}
