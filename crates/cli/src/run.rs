//! `sluice run`: compile, serve, and again on each edit.

mod gateways;
mod listen;
mod live;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use sluice_compiler::Settings as CompilerSettings;
use sluice_dataplane::access_log::AccessLog;
use sluice_dataplane::serve::Server;
use sluice_dataplane::{IdentitySettings, ProxySettings, Settings, Shared};
use sluice_process::log::{self, Log};
use sluice_process::{Reloads, shutdown};
use sluice_vocab::Severity;

use crate::args::{self, Switch};
use crate::check::line;
use crate::env_file::Environment;
use crate::source::{Configuration, Found, Source};
use gateways::Gateways;
use live::Live;
use watch::Watch;

pub(crate) fn run(args: args::Run) -> anyhow::Result<ExitCode> {
    let log = log::init(args.verbose).context("no log")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(serve(args, &log));
    // What is blocked in a look-up or a compilation isn't waited for.
    runtime.shutdown_background();
    outcome
}

async fn serve(args: args::Run, log: &Log) -> anyhow::Result<ExitCode> {
    let environment = Environment::load(&args.env_file)?;
    let source = Source::choose(&args.files, args.config.as_deref());
    let listen = args.listen.as_deref().map(listen::parse).transpose()?;
    let fallback = if matches!(source, Source::Resources(_)) {
        None
    } else {
        Some(listen::parse(":8080")?)
    };
    let access_log = match args.access_log {
        Switch::On => AccessLog::among(log.lines()),
        Switch::Off => AccessLog::off(),
    };
    let shared = Shared::new(settings(&args, &environment), access_log);
    // Whoever writes the files runs the process, so its identity in a cloud is theirs.
    let compiler = CompilerSettings {
        trusts_authors: true,
        ..CompilerSettings::new(install_key())
    };
    let mut reloads = Reloads::listen()?;
    // The watch begins before the first reading, so that no edit falls between.
    let mut watch = Watch::new(&source, &args.env_file);
    let input = source.read(&environment);
    let first = input.compile(&compiler);
    tell(&first.found);
    if !first.is_whole() {
        bail!("{}", reason(&first));
    }
    let mut server = Server::start(shared.clone())?;
    let mut gateways = Gateways::new(shared, listen.or(fallback));
    gateways.apply(&first.compilation, &mut server)?;
    let mut live = Live::new(source, args.env_file, compiler, environment, input);
    let stop = shutdown::signalled();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            signal = &mut stop => {
                tracing::info!(signal = signal?, "stopping: requests in flight may end");
                break;
            }
            ended = server.ended() => return Err(ended.into()),
            () = watch.changed() => live.reload(&mut gateways, &mut server),
            () = reloads.next() => {
                tracing::info!(signal = "SIGHUP", "reading again");
                live.reload(&mut gateways, &mut server);
            }
            () = gateways.due() => gateways.retry(&mut server),
        }
    }
    let all_ended = tokio::select! {
        all_ended = server.shutdown() => all_ended,
        second = shutdown::signalled() => { second?; false }
    };
    tracing::info!(all_ended, "stopped");
    Ok(ExitCode::SUCCESS)
}

fn settings(args: &args::Run, environment: &Environment) -> Settings {
    Settings {
        workers: args.workers,
        body_limit: args.body_limit << 20,
        body_budget: args.body_budget << 20,
        proxies: ProxySettings::from_env(|name| environment.get(name).map(str::to_owned)),
        identity: IdentitySettings::from_env(|name| environment.get(name).map(str::to_owned)),
        ..Settings::default()
    }
}

/// Random: versions of one process are compared with each other only.
fn install_key() -> Vec<u8> {
    let mut key = [0; 32];
    // Without randomness there would be no TLS either.
    if aws_lc_rs::rand::fill(&mut key).is_err() {
        tracing::warn!("no randomness for the install key");
    }
    key.to_vec()
}

fn tell(found: &[Found]) {
    for f in found {
        match f.finding.severity {
            Severity::Error => tracing::error!("{}", line(f)),
            Severity::Warning => tracing::warn!("{}", line(f)),
        }
    }
}

fn reason(configuration: &Configuration) -> String {
    let first = configuration
        .found
        .iter()
        .find(|f| f.finding.severity == Severity::Error);
    first.map_or_else(
        || "no Gateway or AIGateway is there to be served".to_owned(),
        line,
    )
}

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How often a port that somebody else has is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);
