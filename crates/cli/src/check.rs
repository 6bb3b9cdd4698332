//! `sluice check`.

use std::process::ExitCode;

use sluice_compiler::Settings;
use sluice_process::{printable, printable_json};
use sluice_vocab::Severity;

use crate::args::{self, Output};
use crate::env_file::Environment;
use crate::report::{complain, say};
use crate::source::{Found, Source};

/// Prints what is wrong. Fails when something is an error.
pub(crate) fn check(args: &args::Check) -> anyhow::Result<ExitCode> {
    let source = Source::of_files(&args.files);
    let configuration = source.load(&Environment::elsewhere(), &Settings::new("check"));
    let mut found = configuration.found;
    found.sort_by(|a, b| (&a.file, a.line, &a.finding).cmp(&(&b.file, b.line, &b.finding)));
    found.dedup();
    match args.output {
        Output::Text => found.iter().for_each(|f| say(&printable(&line(f)))),
        Output::Json => say(&printable_json(&json(&found))),
    }
    let errors = found
        .iter()
        .filter(|f| f.finding.severity == Severity::Error)
        .count();
    let resources = configuration.compilation.verdicts.len();
    if resources == 0 && found.is_empty() {
        complain(
            "there is nothing to check: no YAML document is in what was named (folders are not searched below)",
        );
        return Ok(ExitCode::FAILURE);
    }
    if args.output == Output::Text {
        let warnings = found.len() - errors;
        say(&format!(
            "{}, {}, {}",
            count(resources, "resource"),
            count(errors, "error"),
            count(warnings, "warning")
        ));
    }
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// `FILE:LINE: error Reason Kind ns/name spec.field: what and what to do`.
pub(crate) fn line(found: &Found) -> String {
    let Found {
        file,
        line,
        object,
        finding,
    } = found;
    let place = match (file, line) {
        (Some(file), Some(line)) => format!("{}:{line}: ", file.display()),
        (Some(file), None) => format!("{}: ", file.display()),
        (None, _) => String::new(),
    };
    let object = object.as_ref().map(|o| format!(" {o}")).unwrap_or_default();
    let path = if finding.path.is_empty() {
        String::new()
    } else {
        format!(" {}", finding.path)
    };
    format!(
        "{place}{} {}{object}{path}: {}",
        finding.severity, finding.reason, finding.message
    )
}

fn json(found: &[Found]) -> String {
    let items: Vec<serde_json::Value> = found
        .iter()
        .map(|f| {
            serde_json::json!({
                "file": f.file, "line": f.line,
                "kind": f.object.as_ref().map(|o| o.kind.as_str()),
                "namespace": f.object.as_ref().map(|o| &*o.namespace),
                "name": f.object.as_ref().map(|o| &*o.name),
                "severity": f.finding.severity.to_string(),
                "reason": f.finding.reason.as_str(),
                "path": f.finding.path,
                "message": f.finding.message,
            })
        })
        .collect();
    serde_json::Value::from(items).to_string()
}
