//! `sluice-operator`: Kubernetes in; snapshots and conditions out.

use std::process::ExitCode;

use clap::Parser;
use sluice_operator::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    // Without a thread to write it nothing else would run either.
    let Ok(_log) = sluice_process::log::init(args.verbose) else {
        return ExitCode::FAILURE;
    };
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(sluice_operator::run(args));
    // What is blocked in a look-up or a compilation isn't waited for.
    runtime.shutdown_background();
    outcome
}
