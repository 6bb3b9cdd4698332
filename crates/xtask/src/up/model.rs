//! A real, small model: SmolLM2-135M-Instruct in llama.cpp's own server, from Python packages.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::child::{shown, step, wait_for};
use crate::generate::root;

/// Starts the server, installing it below `target/` first where it is missing.
pub(crate) async fn start(port: u16, scratch: &Path) -> anyhow::Result<Child> {
    let python = environment().await?;
    let log = scratch.join("model.log");
    step(&format!(
        "starting SmolLM2-135M-Instruct on 127.0.0.1:{port} (its log: {})",
        shown(&log)
    ));
    let mut child = Command::new(python)
        .arg(root().join("e2e/model/serve.py"))
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log)?)
        .kill_on_drop(true)
        .spawn()
        .context("Python cannot be started")?;
    drain(&mut child, log);
    wait_for(&mut child, port, "/v1/models").await?;
    Ok(child)
}

/// Keeps the pipe from filling up.
fn drain(child: &mut Child, log: PathBuf) {
    let Some(stdout) = child.stdout.take() else {
        return;
    };
    tokio::spawn(async move {
        let mut lines = BufReader::new(stdout).lines();
        let mut all = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            all.extend_from_slice(line.as_bytes());
            all.push(b'\n');
        }
        let _ = std::fs::write(log.with_extension("out"), all);
    });
}

/// A virtual environment below `target/`, made anew when what it should hold has changed. Gives its Python.
pub(crate) async fn environment() -> anyhow::Result<PathBuf> {
    crate::python::environment(
        "model",
        &root().join("e2e/model/requirements.txt"),
        &["--no-deps"],
    )
    .await
    .map_err(|error| {
        error.context(
            "the real model needs Python 3.10 or newer; `cargo xtask up --mock` does without",
        )
    })
}
