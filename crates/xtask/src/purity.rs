//! Which crates may know what, checked in the dependency tree as it is.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, bail};

use crate::generate::root;

/// Crates without I/O, clocks or Kubernetes.
const PURE: [&str; 5] = ["sluice-vocab", "sluice-llm", "sluice-policy", "sluice-snapshot", "sluice-compiler"];
/// What none of them may have below it.
const IMPURE: [&str; 9] =
    ["tokio", "hyper", "tonic", "kube-client", "kube-runtime", "rustls", "reqwest", "mio", "socket2"];
/// What the data plane may not have below it: it knows snapshots, not resources.
const NOT_IN_DATAPLANE: [&str; 6] =
    ["kube-core", "kube-client", "k8s-openapi", "sluice-crds", "sluice-compiler", "sluice-files"];

/// Fails with every arrow that goes the wrong way.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for name in PURE {
        let below = below(name)?;
        wrong.extend(IMPURE.iter().filter(|i| below.contains(**i)).map(|i| format!("{name} -> {i}")));
    }
    let dataplane = below("sluice-dataplane")?;
    wrong.extend(
        NOT_IN_DATAPLANE
            .iter()
            .filter(|i| dataplane.contains(**i))
            .map(|i| format!("sluice-dataplane -> {i}")),
    );
    // Two TLS libraries in one process panic at the first connection.
    if below("sluice-cli")?.contains("ring") {
        wrong.push("sluice-cli -> ring".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { bail!("dependencies that must not be: {}", wrong.join(", ")) }
}

/// Names of all crates below one, as they are built.
fn below(name: &str) -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{lib}"])
        .current_dir(root())
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "cargo tree failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).context("cargo tree printed no UTF-8")?;
    Ok(text.lines().map(|l| l.trim().replace('_', "-")).collect())
}
