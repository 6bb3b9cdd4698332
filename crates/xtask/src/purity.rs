//! Which crates may know what, checked in the dependency tree as it is.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, bail};

use crate::generate::root;

/// Crates without I/O, clocks or Kubernetes.
const PURE: [&str; 7] = [
    "sluice-vocab",
    "sluice-llm",
    "sluice-guard",
    "sluice-policy",
    "sluice-snapshot",
    "sluice-compiler",
    "sluice-session",
];
/// What none of them may have below it.
const IMPURE: [&str; 9] = [
    "tokio",
    "hyper",
    "tonic",
    "kube-client",
    "kube-runtime",
    "rustls",
    "reqwest",
    "mio",
    "socket2",
];
/// Halves of Sluice, and what each may not have below it. The data plane knows snapshots, not resources; only the command has both.
const HALVES: [(&str, &[&str]); 3] = [
    (
        "sluice-dataplane",
        &[
            "kube-core",
            "kube-client",
            "k8s-openapi",
            "sluice-crds",
            "sluice-compiler",
            "sluice-files",
            RING,
        ],
    ),
    (
        "sluice-operator",
        &["sluice-dataplane", "sluice-files", RING],
    ),
    ("sluice-cli", &["sluice-operator", RING]),
];
/// A second TLS library in a process panics at the first connection.
const RING: &str = "ring";

/// Fails with every arrow that goes the wrong way.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    let pure = PURE.iter().map(|name| (*name, &IMPURE[..]));
    for (name, strangers) in pure.chain(HALVES) {
        let below = below(name)?;
        wrong.extend(
            strangers
                .iter()
                .filter(|s| below.contains(**s))
                .map(|s| format!("{name} -> {s}")),
        );
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        bail!("dependencies that must not be: {}", wrong.join(", "))
    }
}

/// Names of all crates below one, as they are built.
fn below(name: &str) -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            name,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{lib}",
        ])
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
