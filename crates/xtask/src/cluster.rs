//! `cargo xtask cluster …`: a real Kubernetes on this machine, with Sluice's images in it.

pub(crate) mod image;
pub(crate) mod lab;
pub(crate) mod model;

use clap::Subcommand;

use crate::scenario;

#[derive(Subcommand)]
pub(crate) enum Cluster {
    /// Start it, building Kubernetes first where that is missing; does nothing when it is up
    Up,
    /// Stop it, and remove everything but what was built
    Down,
    /// Say what runs
    Status,
    /// Print what a shell needs: eval "$(cargo xtask cluster env)"
    Env,
    /// Build Sluice's images and load them
    Load(image::Load),
    /// Install Gateway API's CRDs, of the version that Sluice's types come from
    GatewayApi,
    /// Serve a real, small model in the cluster's network until Ctrl-C, as http://smollm2.model.svc
    Model,
    /// Install Sluice in it, and go through what users do there
    Test(scenario::Scenarios),
    /// Run kubectl against it
    Kubectl(Rest),
    /// Run helm against it
    Helm(Rest),
    /// Run a program in its network, where pods, services and load balancers have addresses and DNS names
    Exec(Rest),
    /// Print a component's log, or list them
    Logs(Rest),
}

/// Arguments that are passed on.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Runs a command. What is passed on replaces this process, so that terminals, signals and exit codes are its own.
pub(crate) async fn run(cluster: Cluster) -> anyhow::Result<()> {
    match cluster {
        Cluster::Up => lab::replace_by(&mut lab::cluster(["up"])),
        Cluster::Down => lab::replace_by(&mut lab::cluster(["down"])),
        Cluster::Status => lab::replace_by(&mut lab::cluster(["status"])),
        Cluster::Env => lab::replace_by(&mut lab::cluster(["env"])),
        Cluster::Load(load) => image::load(load).await,
        Cluster::GatewayApi => lab::gateway_api().await,
        Cluster::Model => model::serve().await,
        Cluster::Test(scenarios) => scenario::run(scenarios).await,
        Cluster::Kubectl(rest) => lab::replace_by(&mut lab::tool("kubectl", rest.args)),
        Cluster::Helm(rest) => lab::replace_by(&mut lab::tool("helm", rest.args)),
        Cluster::Exec(rest) => lab::replace_by(lab::cluster(["exec"]).args(rest.args)),
        Cluster::Logs(rest) => lab::replace_by(lab::cluster(["logs"]).args(rest.args)),
    }
}
