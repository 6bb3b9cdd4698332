//! Structural schemas, as API servers know them.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value};
use sluice_vocab::{Finding, Reason};

use crate::later;

/// Checks a value: types, unknown fields, required fields, enums, patterns and bounds.
pub(crate) fn check(schema: &Value, value: &Value, path: &str, findings: &mut Vec<Finding>) {
    let flag = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
    let any_type =
        flag("x-kubernetes-preserve-unknown-fields") || flag("x-kubernetes-int-or-string");
    let Some(kind) = schema.get("type").and_then(Value::as_str) else {
        if !any_type {
            combined(schema, value, path, findings);
        }
        return;
    };
    if !is_of(kind, value) {
        findings.push(wrong_type(kind, value, path));
        return;
    }
    allowed(schema, value, path, findings);
    match value {
        Value::Object(map) => object(schema, map, path, findings),
        Value::Array(items) => array(schema, items, path, findings),
        Value::String(text) => string(schema, text, path, findings),
        Value::Number(number) => {
            bounds(schema, number.as_f64().unwrap_or_default(), path, findings)
        }
        Value::Null | Value::Bool(_) => {}
    }
    combined(schema, value, path, findings);
}

/// Takes out fields that are null where the schema does not want nulls: an API server reads them as left out.
pub(crate) fn drop_nulls(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let of = |field: &str| {
                properties
                    .and_then(|p| p.get(field))
                    .or(schema.get("additionalProperties"))
            };
            let wants_null = |s: &Value| {
                s.get("type").is_none() || s.get("nullable") == Some(&Value::Bool(true))
            };
            map.retain(|field, value| !value.is_null() || of(field).is_none_or(wants_null));
            for (field, value) in map.iter_mut() {
                if let Some(schema) = of(field) {
                    drop_nulls(schema, value);
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else {
                return;
            };
            items.iter_mut().for_each(|item| drop_nulls(schema, item));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn invalid(path: &str, message: impl Into<String>) -> Finding {
    Finding::error(Reason::Invalid, path, message)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn wrong_type(kind: &str, value: &Value, path: &str) -> Finding {
    let found = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let wanted = match kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "a string",
        "boolean" => "true or false",
        "integer" => "a whole number",
        _ => "a number",
    };
    let remedy = match value {
        Value::Number(n) if kind == "string" => format!(": write it in quotes, \"{n}\""),
        Value::Bool(b) if kind == "string" => format!(": write it in quotes, \"{b}\""),
        _ => String::new(),
    };
    invalid(
        path,
        format!("{} has to be {wanted}, here is {found}{remedy}", last(path)),
    )
}

/// The last field of a path.
fn last(path: &str) -> &str {
    path.rsplit('.')
        .next()
        .filter(|p| !p.is_empty())
        .unwrap_or("the document")
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

fn object(schema: &Value, map: &Map<String, Value>, path: &str, findings: &mut Vec<Finding>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let additional = schema.get("additionalProperties");
    let keeps_unknown = schema
        .get("x-kubernetes-preserve-unknown-fields")
        .and_then(Value::as_bool)
        == Some(true);
    for (field, value) in map {
        let at = join(path, field);
        match properties.and_then(|p| p.get(field)) {
            Some(known) => check(known, value, &at, findings),
            None if additional.is_some_and(Value::is_object) => {
                check(additional.unwrap_or(&Value::Null), value, &at, findings);
            }
            None if keeps_unknown || additional == Some(&Value::Bool(true)) => {}
            None => findings.push(unknown(field, &at, properties)),
        }
    }
    let required = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    for field in required.filter(|field| !map.contains_key(*field)) {
        findings.push(invalid(
            &join(path, field),
            format!("{field} has to be set"),
        ));
    }
    count(
        schema,
        map.len(),
        ("minProperties", "maxProperties"),
        "fields",
        path,
        findings,
    );
}

fn unknown(field: &str, path: &str, known: Option<&Map<String, Value>>) -> Finding {
    if let Some(what) = later::find(field) {
        let message =
            format!("{field} arrives with a later version ({what}): leave it out until then");
        return Finding::error(Reason::NotImplemented, path, message);
    }
    let names: Vec<&str> = known
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let similar = names.iter().find(|n| {
        n.eq_ignore_ascii_case(field)
            || n.replace(['_', '-'], "")
                .eq_ignore_ascii_case(&field.replace(['_', '-'], ""))
    });
    let remedy = match similar {
        Some(name) => format!("did you mean {name}?"),
        None if names.is_empty() => "there are none here".to_owned(),
        None => format!("known are {}", names.join(", ")),
    };
    invalid(path, format!("unknown field {field}: {remedy}"))
}

fn array(schema: &Value, items: &[Value], path: &str, findings: &mut Vec<Finding>) {
    count(
        schema,
        items.len(),
        ("minItems", "maxItems"),
        "items",
        path,
        findings,
    );
    let Some(of) = schema.get("items") else {
        return;
    };
    for (i, item) in items.iter().enumerate() {
        check(of, item, &format!("{path}[{i}]"), findings);
    }
    let list_type = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
    let keys = schema
        .get("x-kubernetes-list-map-keys")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut seen = BTreeSet::new();
    for (i, item) in items.iter().enumerate() {
        let identity = match list_type {
            Some("map") => keys
                .iter()
                .filter_map(Value::as_str)
                .map(|k| item.get(k).cloned().unwrap_or_default())
                .collect(),
            Some("set") => vec![item.clone()],
            _ => return,
        };
        let text = identity
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        if !seen.insert(text.clone()) {
            findings.push(Finding::error(
                Reason::DuplicateName,
                format!("{path}[{i}]"),
                format!("{text} is there twice: keep one of them"),
            ));
        }
    }
}

fn string(schema: &Value, text: &str, path: &str, findings: &mut Vec<Finding>) {
    count(
        schema,
        text.chars().count(),
        ("minLength", "maxLength"),
        "characters",
        path,
        findings,
    );
    let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else {
        return;
    };
    // A pattern that cannot be read here is the API server's business.
    if Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
        findings.push(invalid(
            path,
            format!("{} has to match {pattern}", last(path)),
        ));
    }
}

fn count(
    schema: &Value,
    found: usize,
    (min, max): (&str, &str),
    what: &str,
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let bound = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    if let Some(min) = bound(min).filter(|min| found < *min) {
        findings.push(invalid(
            path,
            format!(
                "{} has to have {min} {what} at least, here are {found}",
                last(path)
            ),
        ));
    }
    if let Some(max) = bound(max).filter(|max| found > *max) {
        findings.push(invalid(
            path,
            format!(
                "{} may have {max} {what} at most, here are {found}",
                last(path)
            ),
        ));
    }
}

fn bounds(schema: &Value, number: f64, path: &str, findings: &mut Vec<Finding>) {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    if let Some(min) = bound("minimum").filter(|min| number < *min) {
        findings.push(invalid(
            path,
            format!("{} has to be {min} at least", last(path)),
        ));
    }
    if let Some(max) = bound("maximum").filter(|max| number > *max) {
        findings.push(invalid(
            path,
            format!("{} may be {max} at most", last(path)),
        ));
    }
}

fn allowed(schema: &Value, value: &Value, path: &str, findings: &mut Vec<Finding>) {
    let Some(values) = schema.get("enum").and_then(Value::as_array) else {
        return;
    };
    if !values.contains(value) {
        let values = values
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        let values = values.collect::<Vec<_>>().join(", ");
        findings.push(invalid(
            path,
            format!("{} has to be one of {values}", last(path)),
        ));
    }
}

/// `allOf`, `anyOf`, `oneOf` and `not`.
fn combined(schema: &Value, value: &Value, path: &str, findings: &mut Vec<Finding>) {
    let parts = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
    };
    let passes = |part: &Value| {
        let mut found = Vec::new();
        check_part(part, value, path, &mut found);
        found.is_empty()
    };
    for part in parts("allOf").unwrap_or_default() {
        check_part(part, value, path, findings);
    }
    if parts("anyOf").is_some_and(|any| !any.iter().any(passes)) {
        findings.push(invalid(
            path,
            format!("{} has none of the shapes that are allowed", last(path)),
        ));
    }
    if parts("oneOf").is_some_and(|one| one.iter().filter(|part| passes(part)).count() != 1) {
        findings.push(invalid(
            path,
            format!(
                "{} has to have exactly one of the shapes that are allowed",
                last(path)
            ),
        ));
    }
    if schema.get("not").is_some_and(passes) {
        findings.push(invalid(
            path,
            format!("{} has a shape that is not allowed", last(path)),
        ));
    }
}

/// A part of a combination says nothing of fields that it doesn't name.
fn check_part(part: &Value, value: &Value, path: &str, findings: &mut Vec<Finding>) {
    let mut part = part.clone();
    if let (Some(map), Value::Object(_)) = (part.as_object_mut(), value) {
        map.entry("additionalProperties")
            .or_insert(Value::Bool(true));
        map.entry("type").or_insert(Value::from("object"));
    }
    check(&part, value, path, findings);
}
