//! `e2e/cluster/cluster`, and the tools that come with it.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;

use anyhow::Context;
use tokio::process::Command;

use crate::child;
use crate::generate::root;

/// The cluster's own command.
pub(crate) fn cluster<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(root().join("e2e/cluster/cluster"));
    command.args(args);
    command
}

/// A program that the cluster brings (`kubectl`, `helm`), pointed at it.
pub(crate) fn tool<A: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", r#"eval "$("$0" env)" && exec "$@""#]);
    command
        .arg(root().join("e2e/cluster/cluster"))
        .arg(name)
        .args(args);
    command
}

/// Becomes the command.
pub(crate) fn replace_by(command: &mut Command) -> anyhow::Result<()> {
    let error = command.as_std_mut().exec();
    Err(error).with_context(|| format!("cannot run {:?}", command.as_std().get_program()))
}

/// What a program prints; fails with what it says.
pub(crate) async fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "{:?} failed: {}",
        command.as_std(),
        said.trim()
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Applies YAML.
pub(crate) async fn apply(yaml: &str) -> anyhow::Result<()> {
    use tokio::io::AsyncWriteExt;
    let mut kubectl = tool("kubectl", ["apply", "-f", "-"]);
    let mut child = kubectl.stdin(std::process::Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("kubectl has an input")?;
    stdin.write_all(yaml.as_bytes()).await?;
    drop(stdin);
    anyhow::ensure!(child.wait().await?.success(), "kubectl refuses it");
    Ok(())
}

/// Gateway API's CRDs, from the module that the conformance suite comes from.
pub(crate) async fn gateway_api() -> anyhow::Result<()> {
    let go = |args: &[&str]| {
        let mut go = Command::new("go");
        go.args(args)
            .arg("sigs.k8s.io/gateway-api")
            .current_dir(root().join("e2e/cluster/conformance"));
        go
    };
    child::run(&mut go(&["mod", "download"])).await?;
    let module = output(&mut go(&["list", "-m", "-f", "{{.Dir}}"])).await?;
    let folder = format!("{}/config/crd/standard", module.trim());
    child::run(&mut tool(
        "kubectl",
        ["apply", "--server-side", "-f", &folder],
    ))
    .await
}
