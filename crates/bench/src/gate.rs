//! The gate: a run's numbers against limits. Limits are ratios within one run, or sizes; never times.
//!
//! ```json
//! {"subject": "sluice", "limits": [
//!   {"scenario": "s1", "field": "cpu_us", "over": "nginx", "max": 1.8},
//!   {"scenario": "s1-200", "field": "p50_us", "plus": "nginx", "max": 50},
//!   {"scenario": "t2-burst", "field": "cpu_us", "times": "s2-burst", "max": 2},
//!   {"scenario": "g1", "field": "cpu_us", "beyond": "s1", "max": 3},
//!   {"scenario": "memory", "field": "kib_per_stream", "max": 40}
//! ]}
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::report::print;

/// Holds a run's numbers against limits.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GateArgs {
    /// What `run --json` wrote.
    run: PathBuf,
    /// The limits.
    limits: PathBuf,
}

/// One limit held against a run.
#[derive(Clone, Debug, PartialEq)]
struct Verdict {
    what: String,
    value: f64,
    max: f64,
}

pub(crate) fn run(args: &GateArgs) -> Result<()> {
    let (run, limits) = (read(&args.run)?, read(&args.limits)?);
    let verdicts = judge(&run, &limits)?;
    print("| limit | measured | max | |\n|---|---|---|---|");
    for v in &verdicts {
        let word = if v.kept() { "kept" } else { "**broken**" };
        print(&format!(
            "| {} | {:.2} | {:.2} | {word} |",
            v.what, v.value, v.max
        ));
    }
    let broken = verdicts.iter().filter(|v| !v.kept()).count();
    ensure!(broken == 0, "{broken} of {} limits broken", verdicts.len());
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

fn judge(run: &Value, limits: &Value) -> Result<Vec<Verdict>> {
    let subject = limits["subject"]
        .as_str()
        .context("limits name no subject")?;
    let list = limits["limits"].as_array().context("limits hold no list")?;
    let mut verdicts = errors(run, subject)?;
    for limit in list {
        verdicts.push(one(run, subject, limit).with_context(|| format!("limit {limit}"))?);
    }
    Ok(verdicts)
}

/// No error is ever right, so that limit is not written down.
fn errors(run: &Value, subject: &str) -> Result<Vec<Verdict>> {
    let scenarios = run["scenarios"]
        .as_object()
        .context("the run has no scenarios")?;
    let of = |name: &String| {
        Ok(Verdict {
            what: format!("{name}: errors"),
            value: number(run, name, subject, "errors")?,
            max: 0.0,
        })
    };
    scenarios.keys().map(of).collect()
}

fn one(run: &Value, subject: &str, limit: &Value) -> Result<Verdict> {
    let scenario = limit["scenario"].as_str().context("no scenario")?;
    let field = limit["field"].as_str().context("no field")?;
    let max = limit["max"].as_f64().context("no max")?;
    let value = number(run, scenario, subject, field)?;
    // Against the same gateway under another load.
    let other = |field_of: &str| limit[field_of].as_str();
    if let Some(base) = other("times") {
        let value = value / number(run, base, subject, field)?;
        return Ok(Verdict {
            what: format!("{scenario}: {field} over that of {base}"),
            value,
            max,
        });
    }
    if let Some(base) = other("beyond") {
        let value = value - number(run, base, subject, field)?;
        return Ok(Verdict {
            what: format!("{scenario}: {field} beyond that of {base}"),
            value,
            max,
        });
    }
    let (value, against) = match (limit["over"].as_str(), limit["plus"].as_str()) {
        (Some(other), None) => (
            value / number(run, scenario, other, field)?,
            format!(" over {other}'s"),
        ),
        (None, Some(other)) => (
            value - number(run, scenario, other, field)?,
            format!(" beyond {other}'s"),
        ),
        _ => (value, String::new()),
    };
    Ok(Verdict {
        what: format!("{scenario}: {field}{against}"),
        value,
        max,
    })
}

fn number(run: &Value, scenario: &str, subject: &str, field: &str) -> Result<f64> {
    run["scenarios"][scenario][subject][field]
        .as_f64()
        .with_context(|| format!("the run has no {field} of {subject} under {scenario}"))
}

impl Verdict {
    /// What is not a number keeps no limit.
    fn kept(&self) -> bool {
        self.value <= self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mk_run() -> Value {
        let row = |cpu: f64| json!({"cpu_us": cpu, "errors": 0.0});
        json!({"scenarios": {"s1": {"nginx": row(10.0), "sluice": row(17.0)}}})
    }

    fn mk_limit(limit: Value) -> Result<Vec<Verdict>> {
        judge(&mk_run(), &json!({"subject": "sluice", "limits": [limit]}))
    }

    #[test]
    fn ratios_differences_and_sizes_are_held_against_limits() {
        let over =
            mk_limit(json!({"scenario": "s1", "field": "cpu_us", "over": "nginx", "max": 1.8}))
                .unwrap();
        assert!(over[1].kept() && over[1].value == 1.7);
        let plus =
            mk_limit(json!({"scenario": "s1", "field": "cpu_us", "plus": "nginx", "max": 6}))
                .unwrap();
        assert!(!plus[1].kept());
        let plain = mk_limit(json!({"scenario": "s1", "field": "cpu_us", "max": 17})).unwrap();
        assert!(plain[1].kept());
    }

    #[test]
    fn a_limit_on_what_was_not_measured_is_an_error() {
        assert!(mk_limit(json!({"scenario": "s9", "field": "cpu_us", "max": 1})).is_err());
    }
}
