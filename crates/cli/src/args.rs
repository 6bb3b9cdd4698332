//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sluice_process::flag::mib;

/// An AI gateway: one endpoint for every model provider.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve, without Kubernetes: from resource files, a proxy-config.yaml, or the environment alone
    Run(Run),
    /// Say what is wrong with resource files, and where
    Check(Check),
    /// Show what resource files compile to, without secrets
    Render(Render),
    /// Serve doubles of the model providers
    Mock(Mock),
    /// Succeed when an HTTP address answers with 2xx, such as /health or /readyz
    Probe(Probe),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Resource files or folders (AIGateway, Upstream, RoutePolicy, HTTPRoute, Secret, ...)
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
    /// A file that maps models to providers [default: config/proxy-config.yaml if it is there]
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    pub(crate) config: Option<PathBuf>,
    /// A file of environment variables; the process' own win
    #[arg(long, value_name = "FILE", default_value = ".env")]
    pub(crate) env_file: PathBuf,
    /// Where to listen, such as :8080 or 127.0.0.1:8080 [default: :8080, or the listeners' ports with -f]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Log more
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Threads that carry traffic [default: one per core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) workers: usize,
    /// Longest request body, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = mib)]
    pub(crate) body_limit: usize,
    /// Memory for request bodies in all, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = mib)]
    pub(crate) body_budget: usize,
    /// Whether each request is logged
    #[arg(long, value_enum, default_value_t = Switch::On)]
    pub(crate) access_log: Switch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Resource files or folders, or a proxy-config.yaml
    #[arg(required = true, value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Render {
    /// Resource files or folders, or a proxy-config.yaml
    #[arg(required = true, value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Probe {
    /// What to ask, http:// only
    pub(crate) url: String,
    /// How long to try, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Mock {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    pub(crate) listen: String,
    /// A fault for every request, such as status=429;retry-after=2 or chunks=20;interval-ms=50
    #[arg(long, value_name = "FAULT", default_value = "")]
    pub(crate) fault: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

/// Go programs take `-listen` for `--listen`; so does this one, for the flags of `run` that come from one.
pub(crate) fn normalise(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    const SINGLE_DASH: [&str; 4] = ["-listen", "-config", "-env-file", "-verbose"];
    let is_long = |text: &str| {
        SINGLE_DASH
            .iter()
            .any(|f| text == *f || text.strip_prefix(f).is_some_and(|r| r.starts_with('=')))
    };
    args.map(|arg| match arg.to_str() {
        Some(text) if is_long(text) => OsString::from(format!("-{text}")),
        _ => arg,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(normalise(args.iter().map(OsString::from)))
    }

    #[test]
    fn single_dashes_are_understood() {
        for args in [
            &[
                "sluice",
                "run",
                "-config",
                "c.yaml",
                "-env-file=.e",
                "-listen",
                ":1",
                "-verbose",
            ][..],
            &[
                "sluice",
                "run",
                "--config",
                "c.yaml",
                "--env-file",
                ".e",
                "--listen=:1",
                "--verbose",
            ],
        ] {
            let Command::Run(run) = parse(args).unwrap().command else {
                panic!("no run")
            };
            assert_eq!(
                (run.config, run.env_file),
                (Some("c.yaml".into()), ".e".into())
            );
            assert_eq!((run.listen.as_deref(), run.verbose), (Some(":1"), true));
        }
        assert!(parse(&["sluice", "run", "-f", "a", "-f", "b"]).is_ok());
    }

    #[test]
    fn a_budget_of_nothing_is_refused_by_name() {
        for (flag, remedy) in [
            ("--body-limit=0", "1 or more"),
            ("--body-budget=0", "1 or more"),
            ("--body-budget=99999999999", "1 or more"),
        ] {
            let error = parse(&["sluice", "run", flag]).unwrap_err().to_string();
            let (name, _) = flag.split_once('=').unwrap();
            assert!(error.contains(name) && error.contains(remedy), "{error}");
        }
        let error = parse(&["sluice", "probe", "http://x", "--timeout=0"]);
        assert!(error.unwrap_err().to_string().contains("--timeout"));
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
