//! Load and cost, side by side with a plain proxy in one run.
//!
//! ```text
//! load (core 1) -> nginx | hyper-relay | gateway (core 0) -> upstream (core 1)
//! ```
//!
//! What counts is CPU time per request as a ratio to nginx in the same run: absolute times say more about the machine.
#![expect(
    clippy::disallowed_methods,
    reason = "a tool that measures: what breaks in it breaks the measurement"
)]

mod gate;
mod load;
mod nginx;
mod process;
mod relay;
mod report;
mod run;
mod scenario;
mod spike;
mod tally;
mod upstream;
mod wire;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Load and cost, side by side with a plain proxy in one run.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A bare relay on hyper: the floor.
    Relay(relay::RelayArgs),
    /// A model provider as cheap as it can be.
    Upstream(upstream::UpstreamArgs),
    /// nginx, the bare relay and the gateway under every load, in turns.
    Run(run::RunArgs),
    /// A run's numbers against limits.
    Gate(gate::GateArgs),
    /// One runtime per core against a work-stealing one.
    Spike(spike::SpikeArgs),
}

fn main() -> Result<()> {
    match Args::parse().command {
        Command::Relay(args) => relay::run(&args),
        Command::Upstream(args) => upstream::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Gate(args) => gate::run(&args),
        Command::Spike(args) => spike::run(&args),
    }
}
