//! The charts: linted, rendered with the values of `e2e/charts`, and refusing those of `e2e/charts/bad`.
//!
//! `UPDATE_GOLDEN=1` writes what is rendered anew: read the difference line by line.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::child::{self, step};
use crate::cluster::lab;
use crate::generate::root;

/// Helm alone would take a Kubernetes of long ago.
const KUBE_VERSION: [&str; 2] = ["--kube-version", "1.34.4"];
const CHART: &str = "charts/sluice";

/// Everything that can be known of them without a cluster.
pub(crate) async fn check() -> anyhow::Result<()> {
    child::run(lab::cluster(["build"]).env("KUBE_LAB_TIER", "api")).await?;
    child::run(&mut helm([
        "lint",
        "--strict",
        "--quiet",
        CHART,
        "charts/sluice-crds",
    ]))
    .await?;
    let cases = below("e2e/charts", |path| path.join("values.yaml").exists())?;
    renders(&cases).await?;
    let refused = below("e2e/charts/bad", Path::is_file)?;
    refuses(&refused).await?;
    kept_values_are_filled_in(&cases).await?;
    step(&format!(
        "{} sets of values rendered, {} refused",
        cases.len(),
        refused.len()
    ));
    Ok(())
}

/// The cluster's own Helm.
fn helm<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = lab::tool("helm", args);
    command.args(KUBE_VERSION).current_dir(root());
    command
}

/// What stands in a folder, sorted.
fn below(folder: &str, is_meant: impl Fn(&Path) -> bool) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(root().join(folder)).with_context(|| format!("{folder} is missing"))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    paths.retain(|path| is_meant(path));
    paths.sort();
    Ok(paths)
}

/// What a comment at the top of a file says: `# helm: --name value`.
fn noted<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        line.strip_prefix("# ")?
            .strip_prefix(what)?
            .strip_prefix(": ")
    })
}

/// Renders a chart with values; gives what Helm says when it refuses.
async fn template(chart: &str, values: &Path) -> anyhow::Result<Result<String, String>> {
    let text = std::fs::read_to_string(values)?;
    let release = noted(&text, "release").unwrap_or("sluice");
    let mut command = helm(["template", release, chart, "--namespace", "sluice-system"]);
    command
        .arg("--values")
        .arg(values)
        .args(noted(&text, "helm").unwrap_or_default().split_whitespace());
    let output = command.output().await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(said)
    })
}

async fn renders(cases: &[PathBuf]) -> anyhow::Result<()> {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in cases {
        let rendered = template(CHART, &case.join("values.yaml")).await?;
        let text = rendered.map_err(|said| anyhow::anyhow!("{}: {said}", child::shown(case)))?;
        let golden = case.join("out.yaml");
        if update {
            std::fs::write(golden, text)?;
        } else if std::fs::read_to_string(golden).unwrap_or_default() != text {
            wrong.push(child::shown(case));
        }
    }
    if !wrong.is_empty() {
        bail!(
            "these differ, run with UPDATE_GOLDEN=1 and read the difference: {}",
            wrong.join(", ")
        );
    }
    Ok(())
}

async fn refuses(refused: &[PathBuf]) -> anyhow::Result<()> {
    for values in refused {
        let shown = child::shown(values);
        let text = std::fs::read_to_string(values)?;
        let want =
            noted(&text, "says").with_context(|| format!("{shown} does not say what Helm says"))?;
        match template(CHART, values).await? {
            Ok(_) => bail!("{shown} should be refused, and is rendered"),
            Err(said) if !said.contains(want) => {
                bail!("{shown} is refused with other words: {said}")
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// `helm upgrade --reuse-values` renders with the values of the release, and no default that is newer than it. Of a release that is
/// older than every value, what comes of each case is the same.
async fn kept_values_are_filled_in(cases: &[PathBuf]) -> anyhow::Result<()> {
    let folder = root().join("target/charts");
    std::fs::create_dir_all(&folder)?;
    let chart = folder.join("older");
    child::run(Command::new("rm").arg("-rf").arg(&chart)).await?;
    child::run(
        Command::new("cp")
            .arg("-r")
            .args([&root().join(CHART), &chart]),
    )
    .await?;
    let older = std::fs::read_to_string(root().join("e2e/charts/older.yaml"))?;
    std::fs::write(chart.join("values.yaml"), older)?;
    for case in cases {
        let shown = child::shown(case);
        let rendered = template(&chart.to_string_lossy(), &case.join("values.yaml")).await?;
        let text = rendered.map_err(|said| anyhow::anyhow!("{shown}, of kept values: {said}"))?;
        if std::fs::read_to_string(case.join("out.yaml"))? != text {
            bail!(
                "{shown} is another with the values of an older release: see charts/sluice/templates/_complete.tpl"
            );
        }
    }
    Ok(())
}
