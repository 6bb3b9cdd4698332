//! Snapshots and conditions as readable text.

use std::fmt::Write;

use sluice_compiler::condition::{Delivery, derive, phase};
use sluice_compiler::{Compilation, Verdict};
use sluice_files::Loaded;
use sluice_snapshot::Snapshot;
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
        line(
            &mut out,
            0,
            &format!("- line {}{object}", f.line),
            &finding(&f.finding),
        );
    }
    for (gateway, snapshot) in &compilation.releases {
        entries(&mut out, &gateway.to_string(), snapshot);
    }
    for (gateway, objects) in &compilation.frozen {
        let objects: Vec<String> = objects.iter().map(ToString::to_string).collect();
        line(
            &mut out,
            0,
            &format!("frozen {gateway}"),
            &objects.join(", "),
        );
    }
    out += "resources:\n";
    for (object, verdict) in &compilation.verdicts {
        resource(&mut out, loaded, object, verdict);
    }
    out
}

fn line(out: &mut String, indent: usize, key: &str, text: &str) {
    writeln!(out, "{:indent$}{key}: {text}", "").unwrap();
}

fn finding(f: &Finding) -> String {
    let path = if f.path.is_empty() {
        String::new()
    } else {
        format!(" {}", f.path)
    };
    format!("{} {}{path}: {}", f.severity, f.reason, f.message)
}

fn entries(out: &mut String, gateway: &str, snapshot: &Snapshot) {
    writeln!(out, "snapshot {gateway}:").unwrap();
    for text in sluice_snapshot::text::render(snapshot).lines() {
        writeln!(out, "  {text}").unwrap();
    }
}

fn resource(out: &mut String, loaded: &Loaded, object: &ObjectRef, verdict: &Verdict) {
    let delivery = if verdict.gateways.is_empty() {
        Delivery::Pending
    } else {
        Delivery::Acknowledged
    };
    let conditions = derive(verdict, &delivery);
    line(
        out,
        2,
        &object.to_string(),
        &format!("{:?}", phase(&conditions)),
    );
    for c in &conditions {
        line(
            out,
            4,
            c.kind,
            &format!("{} {} {}", c.status.as_str(), c.reason, c.message)
                .trim_end()
                .replace('\n', " "),
        );
    }
    for f in &verdict.findings {
        let line_number = loaded
            .line_of(object, &f.path)
            .map(|(_, line)| line)
            .unwrap_or_default();
        line(out, 4, &format!("- line {line_number}"), &finding(f));
    }
}
