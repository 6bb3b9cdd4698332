//! The process of a pod: flags, the admin port, and how it begins and ends.

mod args;
mod memory;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use sluice_process::log::{self, Log};
use sluice_process::{Admin, Readiness, Signals, Supervisor, printable};

use crate::access_log::AccessLog;
use crate::gateway::{Gateway, Shared};
use crate::serve::Server;
use crate::sync::Driver;
use args::{Args, Switch};

/// Runs the process and gives its exit code: 0 after an orderly end, 1 for failure, 2 for wrong usage.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = Args::parse_from(args);
    match start(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = format!("{error:#}");
            let _ = writeln!(std::io::stderr(), "sluice-dataplane: {}", printable(&error));
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> anyhow::Result<()> {
    let log = log::init(args.verbose).context("no log")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    let outcome = runtime.block_on(run(args, &log));
    // What is blocked in a look-up or in building a table isn't waited for.
    runtime.shutdown_background();
    outcome
}

async fn run(args: Args, log: &Log) -> anyhow::Result<()> {
    // From the first moment on, so that none is lost.
    let mut signals = Signals::listen().context("signals cannot be watched")?;
    let access_log = match args.access_log {
        Switch::On => AccessLog::among(log.lines()),
        Switch::Off => AccessLog::off(),
    };
    let admin = Admin::bind(args.admin).await.context("--admin")?;
    let settings = args.settings(memory::limit());
    let body_budget_mib = (settings.body_budget >> 20) as u64;
    tracing::info!(
        gateway = args.gateway.to_string(),
        operator = args.operator.to_string(),
        body_budget_mib,
        "starting"
    );
    let shared = Shared::new(settings, access_log);
    let gateway = Gateway::new(shared.clone());
    let readiness = Readiness::new();
    let accepting = readiness.gate("accepting");
    accepting.open();
    let server =
        Server::start(shared.clone()).context("the threads for traffic cannot be started")?;
    let identity = (args.gateway.clone(), args.instance.clone());
    let mut driver = Driver::new(args.sync(), identity, gateway, server, &readiness);
    let mut tasks = Supervisor::new();
    let metrics = driver.metrics();
    tasks.spawn(
        "admin port",
        admin.serve(readiness, move || metrics.encode(&shared)),
    );
    let signal = tokio::select! {
        signal = signals.next() => signal,
        ended = tasks.ended() => return Err(ended.into()),
        ended = driver.run() => return Err(ended.into()),
    };
    accepting.shut();
    tracing::info!(
        signal,
        "stopping: no longer ready, requests are still taken for a while"
    );
    stop(&mut signals, driver, args.shutdown_delay.get()).await;
    Ok(())
}

/// Endpoints take a while to be withdrawn everywhere; until then requests arrive, and are welcome. A second signal ends it at once.
async fn stop(signals: &mut Signals, mut driver: Driver, delay: Duration) {
    let waited = tokio::select! {
        () = tokio::time::sleep(delay) => true,
        _ = driver.run() => true,
        _ = signals.next() => false,
    };
    let mut all_ended = false;
    if waited {
        tracing::info!("draining: requests in flight may end");
        all_ended = tokio::select! {
            all_ended = driver.into_server().shutdown() => all_ended,
            _ = signals.next() => false,
        };
    }
    tracing::info!(all_ended, "stopped");
}
