//! Tables of the chart's values, from the comments in its `values.yaml`.
//!
//! A value's meaning stands in lines that begin with `# -- `, as helm-docs has them. Pages say where a table goes, and may choose
//! rows: `<!-- values: ai. replicas -->` ... `<!-- end of values -->`. The chart gets its defaults once more, as a file that its templates
//! can read: they can't read `values.yaml`.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::Generated;

const VALUES: &str = "charts/sluice/values.yaml";
const PAGES: [&str; 2] = ["charts/sluice/README.md", "docs/install.md"];
const BEGIN: &str = "<!-- values:";
const END: &str = "<!-- end of values -->";
/// What templates fill in where a release that keeps its older values (`--reuse-values`) has none.
const DEFAULTS: &str = "charts/sluice/defaults.json";
/// Maps that are taken as they are: who removed something with null wants it away, and nothing below them is looked at.
const WHOLE: [&str; 3] = ["resources", "podSecurityContext", "securityContext"];

/// Those pages that are there, with their tables as they should be, and the chart's defaults.
pub(super) fn generate(root: &Path) -> anyhow::Result<Vec<Generated>> {
    let text = std::fs::read_to_string(root.join(VALUES))?;
    let values: Value = serde_saphyr::from_str(&text)?;
    let rows = rows(&text, &values)?;
    for path in leaves(&values, String::new()) {
        if !rows
            .iter()
            .any(|row| path == row.path || path.starts_with(&format!("{}.", row.path)))
        {
            bail!("{VALUES} does not say what {path} means");
        }
    }
    let pages = PAGES.iter().map(|page| filled(root, page, &rows));
    pages.chain([defaults(values)]).collect()
}

/// The defaults, but for what is taken as a whole.
fn defaults(mut values: Value) -> anyhow::Result<Generated> {
    leave_out(&mut values);
    let text = format!("{}\n", serde_json::to_string_pretty(&values)?);
    Ok(Generated {
        path: DEFAULTS.into(),
        text,
    })
}

fn leave_out(values: &mut Value) {
    if let Value::Object(map) = values {
        map.retain(|key, _| !WHOLE.contains(&key.as_str()));
        map.values_mut().for_each(leave_out);
    }
}

/// A value, as the tables show it.
struct Row {
    path: String,
    default: String,
    meaning: String,
}

fn rows(text: &str, values: &Value) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut meaning = String::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        if let Some(comment) = trimmed.strip_prefix("# -- ") {
            comment.clone_into(&mut meaning);
        } else if let Some(more) = trimmed.strip_prefix("# ").filter(|_| !meaning.is_empty()) {
            meaning = format!("{meaning} {more}");
        } else if let Some((key, _)) = trimmed.split_once(':').filter(|(key, _)| is_key(key)) {
            let indent = line.len() - trimmed.len();
            above.retain(|(outer, _)| *outer < indent);
            above.push((indent, key));
            if !meaning.is_empty() {
                rows.push(row(&above, std::mem::take(&mut meaning), values)?);
            }
        }
    }
    Ok(rows)
}

fn is_key(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric())
}

fn row(above: &[(usize, &str)], meaning: String, values: &Value) -> anyhow::Result<Row> {
    let keys: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
    let value = values.pointer(&format!("/{}", keys.join("/")));
    let value = value.with_context(|| format!("{VALUES} has no {}", keys.join(".")))?;
    Ok(Row {
        path: keys.join("."),
        default: value.to_string(),
        meaning,
    })
}

/// The paths of what has nothing below it.
fn leaves(value: &Value, path: String) -> Vec<String> {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let below = |(key, value): (&String, &Value)| {
                leaves(
                    value,
                    if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    },
                )
            };
            map.iter().flat_map(below).collect()
        }
        _ => vec![path],
    }
}

/// A page with its table.
fn filled(root: &Path, page: &str, rows: &[Row]) -> anyhow::Result<Generated> {
    let old =
        std::fs::read_to_string(root.join(page)).with_context(|| format!("{page} is missing"))?;
    let (before, rest) = old
        .split_once(BEGIN)
        .with_context(|| format!("{page} has no {BEGIN}"))?;
    let (chosen, rest) = rest
        .split_once("-->")
        .with_context(|| format!("{page}: {BEGIN} has no end"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("{page} has no {END}"))?;
    let prefixes: Vec<&str> = chosen.split_whitespace().collect();
    let is_chosen = |row: &&Row| {
        prefixes.is_empty() || prefixes.iter().any(|prefix| matches(&row.path, prefix))
    };
    for prefix in &prefixes {
        anyhow::ensure!(
            rows.iter().any(|row| matches(&row.path, prefix)),
            "{page}: no value {prefix}"
        );
    }
    let mut table = String::from("| Value | Default | Meaning |\n| --- | --- | --- |\n");
    for Row {
        path,
        default,
        meaning,
    } in rows.iter().filter(is_chosen)
    {
        table += &format!(
            "| `{path}` | `{default}` | {} |\n",
            meaning.replace('|', r"\|")
        );
    }
    let text = format!("{before}{BEGIN}{chosen}-->\n{table}{END}{after}");
    Ok(Generated {
        path: page.into(),
        text,
    })
}

/// `ai.` chooses what is below `ai`, `replicas` that one value.
fn matches(path: &str, prefix: &str) -> bool {
    path == prefix || prefix.ends_with('.') && path.starts_with(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_with_its_path_default_and_meaning() {
        let text =
            "a:\n  # -- First\n  # and more\n  b: 1\n  # not shown\n  c: x\n# -- Second\nd: {}\n";
        let rows = rows(text, &serde_saphyr::from_str(text).unwrap()).unwrap();
        let shown: Vec<String> = rows
            .iter()
            .map(|r| format!("{} {} {}", r.path, r.default, r.meaning))
            .collect();
        assert_eq!(shown, ["a.b 1 First and more", "d {} Second"]);
    }

    #[test]
    fn what_is_taken_as_a_whole_is_no_default_to_fill_in() {
        let values =
            serde_json::json!({"a": {"resources": {"limits": {}}, "b": 1}, "securityContext": {}});
        let made = defaults(values).unwrap().text;
        assert_eq!(
            serde_json::from_str::<Value>(&made).unwrap(),
            serde_json::json!({"a": {"b": 1}})
        );
    }

    #[test]
    fn pages_choose_rows() {
        assert!(matches("ai.enabled", "ai.") && matches("replicas", "replicas"));
        assert!(!matches("ai.enabled", "ai") && !matches("replicas", "rep"));
    }
}
