//! The flags. Each is an environment variable too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use sluice_process::flag::mib;
use sluice_vocab::egress::Network;
use sluice_vocab::{Duration, Egress, GatewayKey};

use crate::settings::Settings;
use crate::sync::{self, Address, Delays};

/// Memory for request bodies where the container has no limit of its own.
const DEFAULT_BODY_BUDGET: u64 = 256 << 20;
/// Of the memory, for request bodies.
const BODY_SHARE: u64 = 4;
/// The highest offset that a port below 1024 can take.
const MAX_OFFSET: u16 = u16::MAX - 1023;

/// Carries the traffic of one Gateway, as its operator says.
#[derive(Debug, Parser)]
#[command(name = "sluice-dataplane", version, max_term_width = 100)]
pub(super) struct Args {
    /// The Gateway whose traffic this is
    #[arg(long, env = "SLUICE_GATEWAY", value_name = "NAMESPACE/NAME", value_parser = gateway)]
    pub(super) gateway: GatewayKey,
    /// The pod's uid
    #[arg(long, env = "SLUICE_INSTANCE", value_name = "UID", value_parser = instance)]
    pub(super) instance: String,
    /// Where configuration comes from
    #[arg(long, env = "SLUICE_OPERATOR", value_name = "HOST:PORT")]
    pub(super) operator: Address,
    /// Certificates that the operator's is verified against, PEM; read for each connection
    #[arg(
        long,
        env = "SLUICE_CA_FILE",
        value_name = "FILE",
        default_value = "/var/run/sluice/ca/ca.crt"
    )]
    ca_file: PathBuf,
    /// The pod's token for the operator; read for each connection, and again before it expires
    #[arg(
        long,
        env = "SLUICE_TOKEN_FILE",
        value_name = "FILE",
        default_value = "/var/run/sluice/token/token"
    )]
    token_file: PathBuf,
    /// Where probes and metrics are answered; without a host on every address
    #[arg(long, env = "SLUICE_ADMIN", value_name = "[HOST]:PORT", default_value = ":19001", value_parser = admin)]
    pub(super) admin: SocketAddr,
    /// Where listeners listen [default: every address, of both families where there are both]
    #[arg(long, env = "SLUICE_BIND", value_name = "ADDRESS", value_parser = bind)]
    bind: Option<IpAddr>,
    /// Added to listener ports below 1024, which take a privilege to open
    #[arg(long, env = "SLUICE_PORT_OFFSET", value_name = "N", default_value_t = 10_000, value_parser = offset)]
    port_offset: u16,
    /// How long the pod takes requests after it was told to stop, so that everybody knows
    #[arg(
        long,
        env = "SLUICE_SHUTDOWN_DELAY",
        value_name = "DURATION",
        default_value = "5s"
    )]
    pub(super) shutdown_delay: Duration,
    /// How long requests in flight may take to end after that
    #[arg(
        long,
        env = "SLUICE_DRAIN",
        value_name = "DURATION",
        default_value = "5m"
    )]
    drain: Duration,
    /// How long the gateway's credentials are used when no operator confirms them
    #[arg(
        long,
        env = "SLUICE_CREDENTIALS_MAX_AGE",
        value_name = "DURATION",
        default_value = "24h",
        value_parser = max_age
    )]
    credentials_max_age: Duration,
    /// Longest request body, in MiB
    #[arg(long, env = "SLUICE_BODY_LIMIT", value_name = "MIB", default_value_t = 32, value_parser = mib)]
    body_limit: usize,
    /// Memory for request bodies in all, in MiB [default: a quarter of the container's memory limit, or 256]
    #[arg(long, env = "SLUICE_BODY_BUDGET", value_name = "MIB", value_parser = mib)]
    body_budget: Option<usize>,
    /// Networks that resources may lead to though they are the machine's, the node's or the cluster's own
    #[arg(
        long,
        env = "SLUICE_EGRESS_ALLOW",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    egress_allow: Vec<Network>,
    /// Threads that carry traffic [default: one per core]
    #[arg(
        long,
        env = "SLUICE_WORKERS",
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true
    )]
    workers: usize,
    /// Whether each request is logged
    #[arg(long, env = "SLUICE_ACCESS_LOG", value_enum, default_value_t = Switch::On)]
    pub(super) access_log: Switch,
    /// Log more
    #[arg(long, env = "SLUICE_VERBOSE")]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

impl Args {
    /// `memory` is the container's limit in bytes.
    pub(super) fn settings(&self, memory: Option<u64>) -> Settings {
        let share = memory.map_or(DEFAULT_BODY_BUDGET, |limit| limit / BODY_SHARE);
        let budget = self
            .body_budget
            .map(|mib| mib << 20)
            .or(usize::try_from(share).ok());
        let budget = budget.unwrap_or(usize::MAX);
        #[expect(
            clippy::disallowed_methods,
            reason = "clouds and proxies name more variables than there are flags; read here, with the flags"
        )]
        let environment = |name: &str| std::env::var(name).ok();
        Settings {
            workers: self.workers,
            body_limit: self.body_limit << 20,
            body_budget: budget,
            drain: self.drain.get(),
            status_on_traffic: false,
            proxies: crate::ProxySettings::from_env(environment),
            identity: crate::IdentitySettings::from_env(environment),
            // Kubernetes tells every pod.
            egress: Some(Egress {
                allowed: self.egress_allow.clone(),
                api_server: environment("KUBERNETES_SERVICE_HOST")
                    .and_then(|host| host.parse().ok())
                    .into_iter()
                    .collect(),
            }),
            ..Settings::default()
        }
    }

    pub(super) fn sync(&self) -> sync::Settings {
        sync::Settings {
            operator: self.operator.clone(),
            ca_file: self.ca_file.clone(),
            token_file: self.token_file.clone(),
            credentials_max_age: self.credentials_max_age.get(),
            bind: self.bind.unwrap_or_else(any),
            port_offset: self.port_offset,
            delays: Delays::default(),
        }
    }
}

/// Every address of the machine: of both families, or IPv4 where there is no IPv6.
fn any() -> IpAddr {
    let is_v6 = std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok();
    if is_v6 {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    }
}

fn gateway(text: &str) -> Result<GatewayKey, String> {
    match text.split_once('/') {
        Some((namespace, name))
            if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
        {
            Ok(GatewayKey {
                namespace: namespace.into(),
                name: name.into(),
            })
        }
        _ => Err("write the Gateway's namespace and name, such as default/edge".to_owned()),
    }
}

fn instance(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 253 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("give the pod's uid, from the downward API's metadata.uid".to_owned());
    }
    Ok(text.to_owned())
}

fn admin(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(any(), port));
    }
    text.parse()
        .map_err(|_| "write :19001, 127.0.0.1:19001 or [::1]:19001".to_owned())
}

fn bind(text: &str) -> Result<IpAddr, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse().map_err(|_| {
        "write an address without a port, such as 0.0.0.0, [::] or 127.0.0.1".to_owned()
    })
}

fn offset(text: &str) -> Result<u16, String> {
    let offset = text.parse().ok().filter(|offset| *offset <= MAX_OFFSET);
    offset.ok_or_else(|| {
        format!("write a number up to {MAX_OFFSET}, so that port 1023 stays a port with it")
    })
}

fn max_age(text: &str) -> Result<Duration, String> {
    let age: Duration = text
        .parse()
        .map_err(|e: sluice_vocab::duration::ParseDurationError| e.to_string())?;
    if age.get().is_zero() {
        return Err(
            "credentials of no age can't be used; write 24h, or 576h for the longest".to_owned(),
        );
    }
    Ok(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [&str; 4] = [
        "sluice-dataplane",
        "--gateway=default/edge",
        "--instance=uid-1",
        "--operator=operator:9443",
    ];

    fn parse(more: &[&str]) -> Result<Args, String> {
        let args = NEEDED.iter().copied().chain(more.iter().copied());
        Args::try_parse_from(args).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn every_flag_is_an_environment_variable() {
        use clap::CommandFactory;
        for arg in Args::command()
            .get_arguments()
            .filter(|a| a.get_long().is_some())
        {
            let name = format!(
                "SLUICE_{}",
                arg.get_long()
                    .unwrap()
                    .replace('-', "_")
                    .to_ascii_uppercase()
            );
            assert_eq!(arg.get_env().and_then(|e| e.to_str()), Some(&*name));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_flag_and_what_to_write() {
        for (flag, remedy) in [
            ("--gateway=edge", "such as default/edge"),
            ("--gateway=a/b/c", "such as default/edge"),
            ("--instance=", "metadata.uid"),
            ("--operator=https://operator", "HOST:PORT"),
            ("--admin=19001", "write :19001"),
            ("--bind=localhost", "without a port"),
            ("--port-offset=65000", "up to 64512"),
            ("--drain=5", "such as 5m"),
            ("--credentials-max-age=0s", "write 24h"),
            ("--body-limit=0", "1 or more"),
            ("--body-budget=0", "1 or more"),
            ("--access-log=yes", "on, off"),
            ("--egress-allow=localhost", "such as 10.0.0.0/8"),
        ] {
            let (name, _) = flag.split_once('=').unwrap();
            // Those that are needed may stand there once only.
            let others = NEEDED.iter().filter(|arg| !arg.starts_with(name));
            let error = Args::try_parse_from(others.copied().chain([flag]))
                .unwrap_err()
                .to_string();
            assert!(error.contains(name) && error.contains(remedy), "{error}");
        }
        assert!(parse(&["--allow-insecure-operator"]).is_err());
    }

    #[test]
    fn bodies_get_a_quarter_of_the_memory() {
        let args = parse(&[]).unwrap();
        assert_eq!(args.settings(None).body_budget, 256 << 20);
        assert_eq!(args.settings(Some(1 << 30)).body_budget, 256 << 20);
        assert_eq!(args.settings(Some(64 << 20)).body_budget, 16 << 20);
        assert_eq!(
            parse(&["--body-budget=7"])
                .unwrap()
                .settings(Some(1 << 30))
                .body_budget,
            7 << 20
        );
    }

    #[test]
    fn a_pods_resources_lead_nowhere_that_is_not_their_authors() {
        let checks = |args: &[&str], ip: &str| {
            let egress = parse(args).unwrap().settings(None).egress.unwrap();
            egress.check(ip.parse().unwrap()).is_ok()
        };
        assert!(!checks(&[], "127.0.0.1") && !checks(&[], "169.254.169.254"));
        let allow = ["--egress-allow=127.0.0.0/8,::1"];
        assert!(checks(&allow, "127.0.0.1") && checks(&allow, "::1"));
        assert!(!checks(&allow, "169.254.169.254"));
    }

    #[test]
    fn defaults_suit_a_pod() {
        let args = parse(&[]).unwrap();
        assert_eq!((args.admin.port(), args.port_offset), (19001, 10_000));
        assert_eq!(args.shutdown_delay.to_string(), "5s");
        let settings = args.settings(None);
        assert_eq!(
            (settings.drain.as_secs(), settings.status_on_traffic),
            (300, false)
        );
        assert_eq!(args.sync().credentials_max_age.as_secs(), 86_400);
    }
}
