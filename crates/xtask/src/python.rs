//! Python environments below `target/`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::process::Command;

use crate::child::{run, step};
use crate::generate::root;

/// A virtual environment with what a requirements file names. Made anew when that file has changed. Gives its Python.
pub(crate) async fn environment(
    name: &str,
    requirements: &Path,
    pip: &[&str],
) -> anyhow::Result<PathBuf> {
    let dir = root().join("target/venv").join(name);
    let python = dir.join("bin/python");
    let done = dir.join("installed.txt");
    let wanted = std::fs::read_to_string(requirements)
        .with_context(|| format!("{} is missing", requirements.display()))?;
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    step(&format!(
        "installing into target/venv/{name}: {}",
        wanted.split_whitespace().collect::<Vec<_>>().join(" ")
    ));
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&dir)).await?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(pip)
        .arg("-r")
        .arg(requirements))
    .await?;
    std::fs::write(done, wanted)?;
    Ok(python)
}
