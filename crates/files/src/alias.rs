//! Older spellings in HTTPRoutes that no API server would take, understood from files with a warning.

use serde_json::Value;
use sluice_crds::GROUP;
use sluice_vocab::{Finding, Reason};

/// Groups of RoutePolicy filters and Upstream backends become ours.
pub(crate) fn http_route(object: &mut Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rules = object
        .pointer_mut("/spec/rules")
        .and_then(Value::as_array_mut);
    for (i, rule) in rules.into_iter().flatten().enumerate() {
        let list = |rule: &mut Value, name: &str| {
            rule.get_mut(name)
                .and_then(Value::as_array_mut)
                .map(std::mem::take)
        };
        for (field, kind) in [("filters", "RoutePolicy"), ("backendRefs", "Upstream")] {
            let Some(mut items) = list(rule, field) else {
                continue;
            };
            for (j, item) in items.iter_mut().enumerate() {
                let at = format!("spec.rules[{i}].{field}[{j}]");
                let (reference, at) = match field {
                    "filters" => (
                        item.get_mut("extensionRef"),
                        format!("{at}.extensionRef.group"),
                    ),
                    _ => (Some(item), format!("{at}.group")),
                };
                findings.extend(reference.and_then(|r| rename(r, kind, at)));
            }
            rule[field] = Value::Array(items);
        }
    }
    findings
}

fn rename(reference: &mut Value, kind: &str, at: String) -> Option<Finding> {
    let is_kind = reference.get("kind").and_then(Value::as_str) == Some(kind);
    let group = reference.get("group").and_then(Value::as_str)?.to_owned();
    if !is_kind || group == GROUP || group.is_empty() {
        return None;
    }
    reference["group"] = Value::from(GROUP);
    let message = format!(
        "group {group} of kind {kind} is understood as {GROUP}: write that, an API server takes nothing else"
    );
    Some(Finding::warning(Reason::Deprecated, at, message))
}
