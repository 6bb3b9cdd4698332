//! The project's own commands: `cargo xtask up`, `test`, `generate`, `verify`, `cluster` and what they are made of.
#![expect(
    clippy::disallowed_methods,
    reason = "a tool for people at a terminal, who see what panics"
)]
#![expect(clippy::print_stdout, reason = "a tool for people at a terminal")]

mod charts;
mod child;
mod cluster;
mod conformance;
mod generate;
mod http;
mod mutants;
mod purity;
mod python;
mod report;
mod scenario;
mod sdk;
mod test;
mod up;
mod verify;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, run and verify Sluice")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a gateway in front of a real, small model, and ask it something
    Up(up::Up),
    /// Run all that CI runs
    Test(test::Test),
    /// Run what takes too long for CI, and write its report
    #[command(subcommand)]
    Verify(verify::Verify),
    /// Start a real Kubernetes on this machine, load Sluice's images, talk to it
    #[command(subcommand)]
    Cluster(cluster::Cluster),
    /// Write the generated files anew; with --check, fail when one differs
    Generate {
        /// Change nothing, fail on a difference
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let command = Args::parse().command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match command {
        Command::Up(up) => runtime.block_on(up::run(up)),
        Command::Test(test) => runtime.block_on(test::run(test)),
        Command::Verify(verify) => runtime.block_on(verify::run(verify)),
        Command::Cluster(cluster) => runtime.block_on(cluster::run(cluster)),
        Command::Generate { check } => generate::run(check),
    }
}
