//! The command `sluice`: the only place where the compiler and the data plane meet.
//!
//! ```text
//! run     source (files | proxy-config.yaml | environment) -> compile -> Gateway::apply -> serve, again on each edit
//! check   source -> compile -> findings with file and line
//! render  source -> compile -> the snapshot, without secrets
//! ```

mod args;
mod check;
mod env_file;
pub mod files;
mod mock;
mod probe;
mod proxy_config;
mod render;
mod report;
mod run;
mod source;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Runs the command line and gives the process' exit code: 0 for success, 1 for failure, 2 for wrong usage.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = args::Cli::parse_from(args::normalise(args));
    let done = match cli.command {
        args::Command::Run(args) => run::run(args),
        args::Command::Check(args) => check::check(&args),
        args::Command::Render(args) => render::render(&args),
        args::Command::Mock(args) => mock::mock(&args),
        args::Command::Probe(args) => probe::probe(&args),
    };
    done.unwrap_or_else(|error| {
        report::complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}
