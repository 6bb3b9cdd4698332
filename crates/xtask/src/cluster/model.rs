//! A real, small model that pods reach by the name of a Service.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::child::{shown, step};
use crate::cluster::lab;
use crate::generate::root;
use crate::up::model;

/// Where pods find it.
const ADDRESS: &str = "http://smollm2.model.svc";
/// As in `e2e/model/cluster.yaml`.
const PORT: &str = "18080";
const PATIENCE: Duration = Duration::from_secs(60);

/// A model that ends when this is dropped.
pub(crate) struct Model {
    child: Child,
    /// Kept, so that it can go on writing.
    lines: Lines<BufReader<ChildStdout>>,
}

/// Starts it in the cluster's network, on the node's address, with a Service in front. It answers when this returns.
pub(crate) async fn start() -> anyhow::Result<Model> {
    let address = lab::output(&mut lab::tool("printenv", ["KUBE_LAB_NODE_IP"])).await?;
    let manifest = std::fs::read_to_string(root().join("e2e/model/cluster.yaml"))?;
    lab::apply(&manifest.replace("$KUBE_LAB_NODE_IP", address.trim())).await?;
    let python = model::environment().await?;
    let log = root().join("target/cluster/model.log");
    std::fs::create_dir_all(root().join("target/cluster"))?;
    step(&format!(
        "starting SmolLM2-135M-Instruct in the cluster's network (its log: {})",
        shown(&log)
    ));
    let mut command = lab::cluster(["exec"]);
    command
        .arg(python)
        .arg(root().join("e2e/model/serve.py"))
        .args([PORT, address.trim()]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log)?);
    let mut child = command.kill_on_drop(true).spawn()?;
    let stdout = child.stdout.take().context("the model has an output")?;
    let mut model = Model {
        child,
        lines: BufReader::new(stdout).lines(),
    };
    tokio::time::timeout(PATIENCE, model.ready())
        .await
        .context("the model does not come up")??;
    Ok(model)
}

impl Model {
    async fn ready(&mut self) -> anyhow::Result<()> {
        while let Some(line) = self.lines.next_line().await? {
            if line == "ready" {
                return Ok(());
            }
        }
        anyhow::bail!("the model ended by itself; see target/cluster/model.log")
    }
}

/// Serves until Ctrl-C.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let mut model = start().await?;
    step(&format!(
        "pods reach the model at {ADDRESS}; Ctrl-C stops it"
    ));
    let talk = async { while let Ok(Some(_)) = model.lines.next_line().await {} };
    tokio::select! {
        signal = sluice_process::shutdown::signalled() => { signal?; }
        () = talk => {}
    }
    if let Some(status) = model.child.try_wait()? {
        anyhow::bail!("the model ended by itself: {status}");
    }
    Ok(())
}
