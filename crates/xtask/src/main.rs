//! The project's own commands: `cargo xtask up`, `test`, `generate`, `verify` and what they are made of.
#![expect(clippy::print_stdout, reason = "a tool for people at a terminal")]

mod generate;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, run and verify Sluice")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the generated files anew; with --check, fail when one differs.
    Generate {
        /// Change nothing, fail on a difference.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Generate { check } => generate::run(check),
    }
}
