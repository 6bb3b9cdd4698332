//! What came of a case, as YAML.

use std::fmt::Write;

use sluice_compiler::condition::{Delivery, derive, phase};
use sluice_compiler::{Compilation, Verdict};
use sluice_files::Loaded;
use sluice_snapshot::text::{render, scalar};
use sluice_vocab::{Finding, ObjectRef};

/// Everything about a case.
pub(crate) fn case(loaded: &Loaded, compilation: &Compilation) -> String {
    let mut out =
        String::from("# Written by UPDATE_GOLDEN=1 cargo test -p sluice-compiler --test golden\n");
    if !loaded.findings.is_empty() {
        out += "files:\n";
    }
    for f in &loaded.findings {
        let object = f
            .object
            .as_ref()
            .map(|o| format!(" {o}"))
            .unwrap_or_default();
        item(&mut out, 0, f.line, &object, &f.finding);
    }
    if !compilation.releases.is_empty() {
        out += "snapshots:\n";
    }
    for (gateway, snapshot) in &compilation.releases {
        writeln!(out, "  {gateway}:").unwrap();
        for line in render(snapshot).lines() {
            writeln!(out, "    {line}").unwrap();
        }
    }
    if !compilation.frozen.is_empty() {
        out += "frozen:\n";
    }
    for (gateway, objects) in &compilation.frozen {
        writeln!(out, "  {gateway}:").unwrap();
        for object in objects {
            writeln!(out, "  - {object}").unwrap();
        }
    }
    out += "resources:\n";
    for (object, verdict) in &compilation.verdicts {
        resource(&mut out, loaded, object, verdict);
    }
    out
}

/// A finding, as an item of a list.
fn item(out: &mut String, indent: usize, line: u32, object: &str, f: &Finding) {
    let path = if f.path.is_empty() {
        String::new()
    } else {
        format!(" {}", f.path)
    };
    let text = format!(
        "line {line}{object}: {} {}{path}: {}",
        f.severity, f.reason, f.message
    );
    writeln!(out, "{:indent$}- {}", "", scalar(&text)).unwrap();
}

fn resource(out: &mut String, loaded: &Loaded, object: &ObjectRef, verdict: &Verdict) {
    let delivery = if verdict.gateways.is_empty() {
        Delivery::Pending
    } else {
        Delivery::Acknowledged
    };
    let conditions = derive(verdict, &delivery);
    writeln!(out, "  {object}:").unwrap();
    writeln!(out, "    phase: {:?}", phase(&conditions)).unwrap();
    for c in &conditions {
        let text = format!("{} {} {}", c.status.as_str(), c.reason, c.message);
        writeln!(out, "    {}: {}", c.kind, scalar(text.trim_end())).unwrap();
    }
    if !verdict.findings.is_empty() {
        out.push_str("    findings:\n");
    }
    for f in &verdict.findings {
        let place = loaded.line_of(object, &f.path);
        let line = place.map(|(_, line)| line).unwrap_or_default();
        item(out, 4, line, "", f);
    }
}
