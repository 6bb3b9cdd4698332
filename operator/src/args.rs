//! The operator's flags.

use std::net::{IpAddr, SocketAddr};

use clap::{ArgAction, Parser};

/// Turns AIGateway, Upstream and RoutePolicy resources into what data planes run.
#[derive(Debug, Clone, Parser)]
#[command(name = "sluice-operator", version)]
pub struct Args {
    /// The namespace that the operator runs in
    #[arg(long, env = "SLUICE_NAMESPACE", default_value = "sluice-system")]
    pub namespace: String,
    /// The name of this pod
    #[arg(long, env = "SLUICE_POD_NAME", default_value = "sluice-operator")]
    pub pod_name: String,
    /// The address of this pod: data planes report there while it leads
    #[arg(long, env = "SLUICE_POD_IP", default_value = "127.0.0.1")]
    pub pod_ip: IpAddr,
    /// Where data planes reach any operator: `host:port` of its Service
    #[arg(
        long,
        env = "SLUICE_SERVICE",
        default_value = "sluice-operator.sluice-system.svc:18000"
    )]
    pub service: String,
    /// Where data planes are listened for
    #[arg(long, env = "SLUICE_LISTEN", default_value = "[::]:18000")]
    pub listen: SocketAddr,
    /// Where probes and metrics are served
    #[arg(long, env = "SLUICE_ADMIN", default_value = "[::]:19000")]
    pub admin: SocketAddr,
    /// The image of data planes
    #[arg(
        long,
        env = "SLUICE_DATAPLANE_IMAGE",
        default_value = "sluice/dataplane:latest"
    )]
    pub dataplane_image: String,
    /// When kubelets pull the image: Always, IfNotPresent or Never
    #[arg(long, env = "SLUICE_DATAPLANE_IMAGE_PULL_POLICY")]
    pub dataplane_image_pull_policy: Option<String>,
    /// Secrets that the image is pulled with, in the Gateway's namespace
    #[arg(
        long = "dataplane-image-pull-secret",
        env = "SLUICE_DATAPLANE_IMAGE_PULL_SECRETS",
        value_delimiter = ','
    )]
    pub dataplane_image_pull_secrets: Vec<String>,
    /// What data planes get where their AIGateway says nothing, as JSON; fields are those of spec.dataPlane and more
    #[arg(long, env = "SLUICE_DATAPLANE_DEFAULTS", default_value = "{}")]
    pub dataplane_defaults: String,
    /// Whether AIGateways, Upstreams and RoutePolicies have any effect
    #[arg(long, env = "SLUICE_AI_ENABLED", default_value_t = false, action = ArgAction::Set)]
    pub ai_enabled: bool,
    /// Namespaces to look at; all when left out
    #[arg(long, env = "SLUICE_WATCH_NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// GatewayClasses of this controller are ours
    #[arg(long, env = "SLUICE_CONTROLLER_NAME", default_value = sluice_crds::CONTROLLER)]
    pub controller_name: String,
    /// Log more
    #[arg(long, short, env = "SLUICE_VERBOSE", default_value_t = false, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_on_defaults() {
        let args = Args::try_parse_from(["sluice-operator"]).unwrap();
        assert!(!args.ai_enabled);
        assert!(args.watch_namespaces.is_empty());
    }

    #[test]
    fn a_value_that_is_none_is_refused_and_named() {
        let error = Args::try_parse_from(["sluice-operator", "--ai-enabled", "perhaps"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("--ai-enabled"), "{error}");
    }
}
