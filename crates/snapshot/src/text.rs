//! Snapshots as text for people and for golden files. Credentials are never in it.

use std::fmt::Write;

use crate::Snapshot;
use crate::model::entry::Body;

/// Each entry with its key, where it came from, and its fields that say something.
pub fn render(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    for (key, sealed) in snapshot.entries() {
        let entry = match sealed.decode(key) {
            Ok(entry) => entry,
            Err(error) => {
                line(&mut out, 0, &format!("{key}: # {error}"));
                continue;
            }
        };
        let origin = entry.origin.unwrap_or_default();
        let at = format!(
            "{} {}/{} {}",
            origin.kind, origin.namespace, origin.name, origin.path
        );
        line(&mut out, 0, &format!("{key}: # {}", at.trim_end()));
        let body = match entry.body {
            Some(Body::Listener(b)) => format!("{b:#?}"),
            Some(Body::Route(b)) => format!("{b:#?}"),
            Some(Body::Upstream(b)) => format!("{b:#?}"),
            Some(Body::Policy(b)) => format!("{b:#?}"),
            Some(Body::Credential(b)) => format!("Credential of {} bytes", b.value.len()),
            Some(Body::Certificate(b)) => format!("Certificate with a chain of {}", b.chain.len()),
            Some(Body::ApiKey(b)) => format!("ApiKey of {} in {}", b.caller, b.set),
            None => "nothing that is known here".to_owned(),
        };
        body.lines()
            .filter(|l| says_something(l))
            .for_each(|l| line(&mut out, 2, l));
    }
    out
}

fn line(out: &mut String, indent: usize, text: &str) {
    // Writing to a String can't fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}

/// Fields that are unset only make it long.
fn says_something(line: &str) -> bool {
    let text = line.trim();
    let is_unset = [": None,", ": \"\",", ": 0,", ": [],", ": false,"]
        .iter()
        .any(|unset| text.ends_with(unset));
    let is_bracket = text.chars().all(|c| "()[]{},".contains(c));
    !is_unset && !is_bracket
}
