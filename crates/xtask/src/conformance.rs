//! Gateway API's own conformance suite against the real cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::child::{self, shown, step};
use crate::generate::root;

/// What CI runs: one test of each thing that routes, listeners, grants and status are made of.
const OF_CI: [&str; 10] = [
    "GatewayInvalidTLSConfiguration",
    "GatewayModifyListeners",
    "GatewayObservedGenerationBump",
    "GatewayWithAttachedRoutes",
    "HTTPRouteCrossNamespace",
    "HTTPRouteHTTPSListener",
    "HTTPRouteInvalidBackendRefUnknownKind",
    "HTTPRouteMatching",
    "HTTPRouteReferenceGrant",
    "HTTPRouteWeight",
];

/// Features that the operator's GatewayClass claims.
async fn features() -> anyhow::Result<String> {
    let status = "-o=jsonpath={.status.supportedFeatures[*].name}";
    let named = crate::cluster::lab::output(&mut crate::cluster::lab::tool(
        "kubectl",
        ["get", "gatewayclass/sluice", status],
    ))
    .await?;
    ensure!(
        !named.is_empty(),
        "the GatewayClass names no feature: is Sluice installed?"
    );
    Ok(named.split_whitespace().collect::<Vec<_>>().join(","))
}

fn log() -> PathBuf {
    root().join("target/conformance.log")
}

/// Runs tests of the suite, all or some; gives each one's outcome. Sluice has to be installed.
async fn run(only: Option<&str>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut suite = Command::new(root().join("e2e/cluster/conformance/run"));
    suite.args([
        "-gateway-class",
        "sluice",
        "-supported-features",
        &features().await?,
    ]);
    suite.args(["-skip-provisional-tests=true"]);
    // The suite's own backends stay for its next run.
    suite.args(
        only.into_iter()
            .flat_map(|test| ["-cleanup-base-resources=false", "-run-test", test]),
    );
    let output = suite.output().await?;
    std::fs::write(log(), [&output.stdout[..], &output.stderr].concat())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let outcome = |line: &str| {
        let rest = line.strip_prefix("    --- ")?;
        let (outcome, name) = rest.split_once(": TestConformance/")?;
        Some((name.split(' ').next()?.to_owned(), outcome.to_owned()))
    };
    let outcomes: BTreeMap<String, String> = text.lines().filter_map(outcome).collect();
    ensure!(
        !outcomes.is_empty(),
        "the suite did not run; see {}",
        shown(&log())
    );
    Ok(outcomes)
}

/// The tests that CI runs.
pub(crate) async fn some() -> anyhow::Result<()> {
    for test in OF_CI {
        step(&format!("conformance: {test}"));
        let outcomes = run(Some(test)).await?;
        let outcome = outcomes
            .get(test)
            .with_context(|| format!("the suite has no test {test}"))?;
        ensure!(
            outcome == "PASS",
            "{test}: {outcome}; see {}",
            shown(&log())
        );
    }
    Ok(())
}

/// All, with a report. Fails when one does that the operator claims to pass.
pub(crate) async fn report() -> anyhow::Result<()> {
    child::run(Command::new(std::env::current_exe()?).args(["cluster", "test", "--only", "model"]))
        .await?;
    let outcomes = run(None).await?;
    let of = |wanted: &str| -> Vec<&str> {
        outcomes
            .iter()
            .filter(|(_, outcome)| *outcome == wanted)
            .map(|(name, _)| name.as_str())
            .collect()
    };
    let (passed, failed, skipped) = (of("PASS"), of("FAIL"), of("SKIP"));
    let list = |names: &[&str]| names.iter().map(|n| format!("- {n}\n")).collect::<String>();
    let text = format!(
        "# Gateway API's conformance suite\n\n`cargo xtask verify conformance`, suite v1.4.1, features that the GatewayClass claims: {}.\n\n{} passed, {} failed, {} skipped, for features that are not claimed.\n\n## Failed\n\n{}\n## Passed\n\n{}\n## Skipped\n\n{}",
        features().await?.replace(',', ", "),
        passed.len(),
        failed.len(),
        skipped.len(),
        if failed.is_empty() {
            "None.\n".to_owned()
        } else {
            list(&failed)
        },
        list(&passed),
        list(&skipped),
    );
    let written = crate::report::report("conformance", &text)?;
    step(&format!(
        "{} passed, {} failed: {}",
        passed.len(),
        failed.len(),
        shown(&written)
    ));
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}
