//! `cargo xtask verify mutants`: one-line changes to the pure crates, each of which a test should notice.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;
use tokio::process::Command;

use crate::child::{shown, step};
use crate::generate::root;
use crate::report::report;

/// The version that `.cargo/mutants.toml` is written for.
const VERSION: &str = "27.1.0";

/// What is mutated when nobody says: crates whose rules are plain functions over values.
const CRATES: [&str; 7] = [
    "vocab", "snapshot", "session", "guard", "policy", "compiler", "llm",
];
/// Of what is large only the part that guards rest on.
const PARTS: [(&str, &str); 1] = [("llm", "crates/llm/src/{text,json,form}*/**")];

#[derive(clap::Args)]
pub(crate) struct Mutants {
    /// A crate, without `sluice-`; several may be given
    #[arg(long = "crate", value_name = "NAME")]
    crates: Vec<String>,
    /// Only files that match this glob
    #[arg(long, value_name = "GLOB")]
    files: Vec<String>,
    /// One of several parts, such as 1/4
    #[arg(long)]
    shard: Option<String>,
    /// Longest that the build of a mutant and its tests may each take, in seconds
    #[arg(long, default_value_t = 300)]
    timeout: u32,
    /// Arguments of `cargo test`, such as --lib
    #[arg(last = true)]
    tests: Vec<String>,
}

/// What came of the mutants of a crate.
#[derive(Default)]
struct Tally {
    caught: usize,
    unviable: usize,
    timeouts: usize,
    survived: Vec<String>,
}

pub(crate) async fn run(args: Mutants) -> anyhow::Result<()> {
    let tool = install().await?;
    let crates: Vec<&str> = match args.crates.as_slice() {
        [] => CRATES.to_vec(),
        named => named.iter().map(String::as_str).collect(),
    };
    let mut tallies = Vec::new();
    for name in crates {
        step(&format!("mutating {name}"));
        let outcomes = mutate(&tool, name, &args).await?;
        tallies.push((name.to_owned(), tally(&outcomes)?));
    }
    let written = report("mutants", &text(&args, &tallies))?;
    step(&format!("written to {}", shown(&written)));
    Ok(())
}

/// The tool below `target`, so that nothing else on the machine changes.
async fn install() -> anyhow::Result<PathBuf> {
    let folder = root().join("target/tools");
    let tool = folder.join("bin/cargo-mutants");
    let version = Command::new(&tool).args(["mutants", "--version"]).output();
    if version
        .await
        .is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains(VERSION))
    {
        return Ok(tool);
    }
    step(&format!(
        "installing cargo-mutants {VERSION} (some minutes)"
    ));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["install", "cargo-mutants", "--locked", "--version", VERSION]);
    let status = cargo.arg("--root").arg(&folder).status().await?;
    anyhow::ensure!(status.success(), "cargo-mutants cannot be installed");
    Ok(tool)
}

/// Mutates one crate in a copy of the tree. Mutants that survive are no failure here: they are what is looked for.
async fn mutate(tool: &Path, name: &str, args: &Mutants) -> anyhow::Result<Value> {
    let folder = root().join("target/mutants").join(name);
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new(tool);
    command
        .current_dir(root())
        // Its own, so that one can go on working; and kept, so that what we build on is built once.
        .env("CARGO_TARGET_DIR", root().join("target/mutants/build"))
        .args([
            "mutants",
            "--jobs",
            "1",
            "--no-shuffle",
            "--colors",
            "never",
        ])
        .args(["--package", &format!("sluice-{name}")])
        .args(["--timeout", &args.timeout.to_string()])
        .args(["--build-timeout", &args.timeout.to_string()])
        .arg("--output")
        .arg(&folder);
    let part = PARTS
        .iter()
        .filter(|(of, _)| *of == name && args.files.is_empty());
    for glob in part
        .map(|(_, glob)| *glob)
        .chain(args.files.iter().map(String::as_str))
    {
        command.args(["--file", glob]);
    }
    if let Some(shard) = &args.shard {
        command.args(["--shard", shard]);
    }
    if !args.tests.is_empty() {
        command.arg("--").args(&args.tests);
    }
    let status = command.status().await?;
    // 2: some survived; 3: some took too long (mutants.rs, "Exit codes").
    anyhow::ensure!(
        matches!(status.code(), Some(0 | 2 | 3)),
        "cargo-mutants failed on {name}: {status}"
    );
    let path = folder.join("mutants.out/outcomes.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

fn tally(outcomes: &Value) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let outcomes = outcomes["outcomes"].as_array().context("no outcomes")?;
    for outcome in outcomes {
        let Some(mutant) = outcome["scenario"]["Mutant"]["name"].as_str() else {
            continue;
        };
        match outcome["summary"].as_str() {
            Some("CaughtMutant") => tally.caught += 1,
            Some("Unviable") => tally.unviable += 1,
            Some("Timeout") => tally.timeouts += 1,
            Some("MissedMutant") => tally.survived.push(mutant.to_owned()),
            other => anyhow::bail!("{mutant}: an outcome {other:?} that is not known here"),
        }
    }
    Ok(tally)
}

fn text(args: &Mutants, tallies: &[(String, Tally)]) -> String {
    let mut out = String::from(
        "# Mutants\n\n\
         `cargo xtask verify mutants`: each is one change of one line, tried with the tests of its own crate. *Unviable* ones do not\n\
         compile; a *timeout* counts as noticed.\n\n",
    );
    let mut scope: Vec<String> = args.files.iter().map(|f| format!("files `{f}`")).collect();
    scope.extend(args.shard.iter().map(|s| format!("shard {s}")));
    scope.extend(args.tests.iter().map(|t| format!("`cargo test {t}`")));
    if !scope.is_empty() {
        let _ = writeln!(out, "Of these only {}.\n", scope.join(", "));
    }
    out.push_str("| Crate | Mutants | Caught | Survived | Unviable | Timeouts |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for (name, t) in tallies {
        let all = t.caught + t.survived.len() + t.unviable + t.timeouts;
        let survived = t.survived.len();
        let _ = writeln!(
            out,
            "| `{name}` | {all} | {} | {survived} | {} | {} |",
            t.caught, t.unviable, t.timeouts
        );
    }
    out.push_str("\n## Survivors\n\n");
    for mutant in tallies.iter().flat_map(|(_, t)| &t.survived) {
        let _ = writeln!(out, "- `{mutant}`");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_and_survivors_named() {
        let mutant = |summary: &str| serde_json::json!({ "scenario": { "Mutant": { "name": summary } }, "summary": summary });
        let outcomes = serde_json::json!({ "outcomes": [
            { "scenario": "Baseline", "summary": "Success" },
            mutant("CaughtMutant"), mutant("MissedMutant"), mutant("Unviable"), mutant("Timeout"), mutant("CaughtMutant"),
        ]});
        let tally = tally(&outcomes).unwrap();
        assert_eq!((tally.caught, tally.unviable, tally.timeouts), (2, 1, 1));
        assert_eq!(tally.survived, ["MissedMutant"]);
        let args = Mutants {
            crates: Vec::new(),
            files: Vec::new(),
            shard: Some("1/4".to_owned()),
            timeout: 1,
            tests: Vec::new(),
        };
        let text = text(&args, &[("vocab".to_owned(), tally)]);
        assert!(text.contains("Of these only shard 1/4."), "{text}");
        assert!(text.contains("| `vocab` | 5 | 2 | 1 | 1 | 1 |"), "{text}");
        assert!(text.ends_with("- `MissedMutant`\n"), "{text}");
    }
}
