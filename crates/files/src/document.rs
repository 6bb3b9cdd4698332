//! One document: which object it is, and whether its schema takes it.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sluice_crds::{GATEWAY_GROUP, GROUP, VERSION};
use sluice_vocab::{Finding, Kind, ObjectRef, Reason, Severity};

use crate::lines::Lines;
use crate::{Loaded, Place, alias, cel, schema, structure};

/// Fields at the top of every object.
const COMMON: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// Takes a document into the set, or says why not.
pub(crate) fn take(loaded: &mut Loaded, file: &Arc<Path>, mut value: Value, lines: Lines) {
    let text = |pointer: &str| {
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (kind, api_version, name) = (text("/kind"), text("/apiVersion"), text("/metadata/name"));
    if let ("List", Some(Value::Array(items))) =
        (kind.as_str(), value.get_mut("items").map(std::mem::take))
    {
        let children = lines.children.get("items").map(|l| &l.children);
        let lines_of = |i: usize| children.and_then(|c| c.get(&i.to_string())).cloned();
        for (i, item) in items.into_iter().enumerate() {
            take(loaded, file, item, lines_of(i).unwrap_or_default());
        }
        return;
    }
    let kind = match identify(&value, &kind, &api_version) {
        Ok(kind) => kind,
        Err(finding) => {
            loaded.unread(file, Some(&value.to_string()));
            return loaded.say(file, lines.of(&finding.path), None, finding);
        }
    };
    let object = ObjectRef::new(kind, namespace(kind, &value), name);
    if object.name.is_empty() || !is_name(&object.name) {
        let message = "metadata.name has to be set: lower-case letters, digits, - and .";
        let finding = Finding::error(Reason::Invalid, "metadata.name", message);
        loaded.unread(file, Some(&value.to_string()));
        return loaded.say(file, lines.of("metadata.name"), None, finding);
    }
    if let Some(first) = loaded.places.get(&object) {
        let message = format!(
            "{object} is defined already in {} line {}: remove one",
            first.file.display(),
            first.lines.line
        );
        let finding = Finding::error(Reason::Conflicted, "", message);
        return loaded.say(file, lines.line, Some(&object), finding);
    }
    let mut findings = validate(kind, &mut value);
    if !findings.iter().any(|f| f.severity == Severity::Error) {
        findings.extend(loaded.resources.put(&object, value).err());
    }
    if let Some(why) = errors(&findings) {
        loaded.resources.unreadable.insert(object.clone(), why);
    }
    for finding in findings {
        loaded.say(file, lines.of(&finding.path), Some(&object), finding);
    }
    let file = file.clone();
    loaded.places.insert(object, Place { file, lines });
}

/// All that is wrong, in a sentence.
fn errors(findings: &[Finding]) -> Option<String> {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    let why: Vec<String> = errors
        .map(|f| format!("{}: {}", f.path, f.message))
        .collect();
    (!why.is_empty()).then(|| why.join("; "))
}

/// Everything that an API server would check, in its order.
fn validate(kind: Kind, value: &mut Value) -> Vec<Finding> {
    let Some(schema) = schema::of(kind) else {
        return Vec::new();
    };
    let mut findings = if kind == Kind::HTTPRoute {
        alias::http_route(value)
    } else {
        Vec::new()
    };
    structure::drop_nulls(&schema.root, value);
    *value = kube_cel::apply_defaults(&schema.root, value);
    let mut rest = value.clone();
    if let Some(map) = rest.as_object_mut() {
        map.retain(|field, _| !COMMON.contains(&field.as_str()));
    }
    let before = findings.len();
    structure::check(&schema.root, &rest, "", &mut findings);
    if findings.len() == before {
        findings.extend(cel::check(schema, value));
    }
    findings
}

/// The kind, when it is one that is read here.
fn identify(value: &Value, kind: &str, api_version: &str) -> Result<Kind, Finding> {
    if !value.is_object() || kind.is_empty() {
        let message =
            "this is no Kubernetes object: apiVersion, kind and metadata.name have to be set";
        return Err(Finding::error(Reason::Invalid, "kind", message));
    }
    let Ok(known) = kind.parse::<Kind>() else {
        let message = format!("{kind} is not a kind that Sluice reads: the document is left out");
        return Err(Finding::warning(Reason::InvalidKind, "kind", message));
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let (wanted, is_right) = match known {
        Kind::AIGateway | Kind::Upstream | Kind::RoutePolicy => (
            format!("{GROUP}/{VERSION}"),
            group == GROUP && version == VERSION,
        ),
        Kind::GatewayClass | Kind::Gateway | Kind::HTTPRoute => (
            format!("{GATEWAY_GROUP}/v1"),
            group == GATEWAY_GROUP && (version == "v1" || version == "v1beta1"),
        ),
        Kind::ReferenceGrant => (
            format!("{GATEWAY_GROUP}/v1beta1"),
            group == GATEWAY_GROUP && (version == "v1" || version == "v1beta1"),
        ),
        Kind::Service | Kind::Secret | Kind::ConfigMap | Kind::Namespace => {
            ("v1".to_owned(), api_version == "v1")
        }
    };
    if is_right {
        return Ok(known);
    }
    let message = match api_version {
        "" => format!("apiVersion has to be set: write {wanted}"),
        _ => format!("apiVersion of {kind} is {api_version}: write {wanted}"),
    };
    Err(Finding::error(Reason::Invalid, "apiVersion", message))
}

/// The object's namespace: empty for kinds that have none, `default` when left out.
fn namespace(kind: Kind, value: &Value) -> String {
    match kind {
        Kind::GatewayClass | Kind::Namespace => String::new(),
        Kind::AIGateway
        | Kind::Upstream
        | Kind::RoutePolicy
        | Kind::Gateway
        | Kind::HTTPRoute
        | Kind::ReferenceGrant
        | Kind::Service
        | Kind::Secret
        | Kind::ConfigMap => {
            let written = value.pointer("/metadata/namespace").and_then(Value::as_str);
            written
                .filter(|n| !n.is_empty())
                .unwrap_or("default")
                .to_owned()
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    name.len() <= 253
        && bytes
            .iter()
            .all(|b| is_edge(*b) || *b == b'-' || *b == b'.')
        && ends.is_some_and(|(first, last)| is_edge(*first) && is_edge(*last))
}
