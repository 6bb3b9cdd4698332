//! `sluice`, also as `kubectl sluice`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sluice_cli::main(std::env::args_os())
}
