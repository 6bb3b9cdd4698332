//! The vendors' own SDKs through the gateway, against doubles that are as strict as the providers.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use sluice_mock::free_port;
use tokio::process::{Child, Command};

use crate::child::{self, build_sluice, mock, shown, sluice, step, stop, wait_for};
use crate::generate::root;
use crate::python;
use crate::up::model;

/// Runs every client.
pub(crate) async fn run() -> anyhow::Result<()> {
    let python =
        python::environment("sdk", &root().join("e2e/sdk/python/requirements.txt"), &[]).await?;
    let langchain = python::environment(
        "langchain",
        &root().join("e2e/sdk/python/langchain_requirements.txt"),
        &[],
    )
    .await?;
    let node = root().join("e2e/sdk/node");
    if !is_installed(&node)? {
        step("installing the Node SDKs");
        child::run(
            Command::new("npm")
                .args(["ci", "--silent", "--no-audit", "--no-fund"])
                .current_dir(&node),
        )
        .await?;
    }
    build_sluice().await?;
    let (port, mock_port, model_port) = (free_port(), free_port(), free_port());
    let _mock = mock(mock_port).await?;
    let scratch = root().join("target/sdk");
    std::fs::create_dir_all(&scratch)?;
    let _model = model::start(model_port, &scratch).await?;
    let mut gateway = gateway(port, mock_port, model_port, &scratch)?;
    wait_for(&mut gateway, port, "/health").await?;
    let base = format!("http://127.0.0.1:{port}");
    child::run(
        Command::new(&python)
            .arg(root().join("e2e/sdk/python/check.py"))
            .arg(&base),
    )
    .await?;
    child::run(
        Command::new(&python)
            .arg(root().join("e2e/sdk/python/model.py"))
            .arg(&base),
    )
    .await?;
    child::run(
        Command::new(&langchain)
            .arg(root().join("e2e/sdk/python/langchain_check.py"))
            .arg(&base),
    )
    .await?;
    child::run(
        Command::new("node")
            .arg(node.join("check.mjs"))
            .arg(&base)
            .current_dir(&node),
    )
    .await?;
    stop(&mut gateway).await?;
    Ok(())
}

/// Whether what npm installed is newer than what it was told to.
fn is_installed(node: &Path) -> anyhow::Result<bool> {
    let wanted = std::fs::metadata(node.join("package-lock.json"))?.modified()?;
    let installed = std::fs::metadata(node.join("node_modules/.package-lock.json"));
    Ok(installed.is_ok_and(|installed| installed.modified().is_ok_and(|at| at >= wanted)))
}

fn gateway(port: u16, mock_port: u16, model_port: u16, scratch: &Path) -> anyhow::Result<Child> {
    let mut text = std::fs::read_to_string(root().join("e2e/sdk/gateway.yaml"))?;
    let file = scratch.join("gateway.yaml");
    // The doubles' port and the model's, in URLs and by themselves.
    for (written, free) in [("9000", mock_port), ("9001", model_port)] {
        text = text.replace(
            &format!("127.0.0.1:{written}"),
            &format!("127.0.0.1:{free}"),
        );
        text = text.replace(&format!("port: {written}"), &format!("port: {free}"));
        anyhow::ensure!(
            !text.contains(written),
            "port {written} stands in {} in another way",
            shown(&file)
        );
    }
    std::fs::write(&file, text)?;
    let log = std::fs::File::create(scratch.join("gateway.log"))?;
    let listen = format!("127.0.0.1:{port}");
    let mut command = Command::new(sluice());
    command
        .arg("run")
        .arg("-f")
        .arg(file)
        .args(["--env-file", "/dev/null", "--listen", &listen]);
    command
        .stdout(log)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the gateway cannot be started")
}
