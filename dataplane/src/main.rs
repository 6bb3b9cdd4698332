//! `sluice-dataplane`: the pods that carry a Gateway's traffic.

use std::process::ExitCode;

fn main() -> ExitCode {
    sluice_dataplane::pod::main(std::env::args_os())
}
