//! `sluice check`.

use std::path::Path;
use std::process::ExitCode;

use sluice_compiler::Settings;
use sluice_vocab::Severity;

use crate::args::{self, Output};
use crate::env_file::Environment;
use crate::report::say;
use crate::source::{Found, Source};

/// Prints what is wrong. Fails when something is an error.
pub(crate) fn check(args: &args::Check) -> anyhow::Result<ExitCode> {
    let source = Source::of_files(&args.files);
    // What is checked is the file: that this machine has no keys is no fault of it.
    let environment = Environment::load(Path::new("/dev/null"))?;
    let configuration = source.load(&environment, &Settings::new("check"));
    let mut found = configuration.found;
    found.sort_by(|a, b| (&a.file, a.line, &a.finding).cmp(&(&b.file, b.line, &b.finding)));
    found.dedup();
    match args.output {
        Output::Text => found.iter().for_each(|f| say(&line(f))),
        Output::Json => say(&json(&found)),
    }
    let errors = found.iter().filter(|f| f.finding.severity == Severity::Error).count();
    if args.output == Output::Text {
        let warnings = found.len() - errors;
        say(&format!(
            "{} resources, {errors} errors, {warnings} warnings",
            configuration.compilation.verdicts.len()
        ));
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `FILE:LINE: error Reason Kind ns/name spec.field: what and what to do`.
pub(crate) fn line(found: &Found) -> String {
    let Found { file, line, object, finding } = found;
    let place = match (file, line) {
        (Some(file), Some(line)) => format!("{}:{line}: ", file.display()),
        (Some(file), None) => format!("{}: ", file.display()),
        (None, _) => String::new(),
    };
    let object = object.as_ref().map(|o| format!(" {o}")).unwrap_or_default();
    let path = if finding.path.is_empty() { String::new() } else { format!(" {}", finding.path) };
    format!("{place}{} {}{object}{path}: {}", finding.severity, finding.reason, finding.message)
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
