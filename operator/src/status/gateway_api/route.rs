//! Status of an HTTPRoute: one entry per parent, and other controllers' entries as they are.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sluice_compiler::condition::{Condition, Status};
use sluice_compiler::topology::{Parent, Route};
use sluice_vocab::{Finding, Reason};

use super::{condition, is_error, is_reference, message};
use crate::status::condition::render;

/// `status.parents` of a route that names Gateways of ours. `findings` are the route's own, without those of its parents.
pub(crate) fn parents(
    route: &Route,
    generation: i64,
    findings: &[&Finding],
    controller: &str,
    live: &Value,
    now: &str,
) -> Value {
    let mut parents = others(controller, live);
    let before = entries(live);
    for parent in &route.parents {
        let reference = reference(parent);
        let old = before
            .iter()
            .find(|e| e["controllerName"] == controller && e["parentRef"] == reference);
        let conditions = conditions(route, parent, generation, findings);
        parents.push(json!({
            "parentRef": reference,
            "controllerName": controller,
            "conditions": render(&conditions, old.and_then(|e| e.get("conditions")), now),
        }));
    }
    json!({"parents": parents})
}

/// `status` of a route that names no Gateway of ours any more, if it still says that it does.
pub(crate) fn without_ours(controller: &str, live: &Value) -> Option<Value> {
    let is_ours = |e: &Value| e["controllerName"] == controller;
    entries(live)
        .iter()
        .any(is_ours)
        .then(|| json!({"parents": others(controller, live)}))
}

fn entries(live: &Value) -> &[Value] {
    live.get("parents")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn others(controller: &str, live: &Value) -> Vec<Value> {
    entries(live)
        .iter()
        .filter(|e| e["controllerName"] != controller)
        .cloned()
        .collect()
}

/// As the user wrote it, with what the API server fills in.
fn reference(parent: &Parent) -> Value {
    let mut reference = serde_json::to_value(&parent.reference).unwrap_or_default();
    if let Some(map) = reference.as_object_mut() {
        map.entry("group")
            .or_insert_with(|| sluice_crds::GATEWAY_GROUP.into());
        map.entry("kind").or_insert_with(|| "Gateway".into());
    }
    reference
}

fn conditions(
    route: &Route,
    parent: &Parent,
    generation: i64,
    findings: &[&Finding],
) -> Vec<Condition> {
    let condition = |kind, status, reason, message: String| {
        condition(kind, status, reason, message, generation)
    };
    let of_refs: Vec<&Finding> = findings
        .iter()
        .copied()
        .filter(|f| is_reference(f))
        .collect();
    let of_fields: Vec<&Finding> = findings
        .iter()
        .copied()
        .filter(|f| !is_reference(f))
        .collect();
    let broken = rules(&of_fields);
    let worst = of_fields.iter().find(is_error);
    let mut partial = None;
    let accepted = match (&parent.finding, worst) {
        (Some(finding), _) => condition(
            "Accepted",
            Status::False,
            finding.reason.as_str(),
            finding.message.clone(),
        ),
        (None, Some(finding)) if broken.len() >= route.rules => condition(
            "Accepted",
            Status::False,
            word(finding),
            message(&of_fields),
        ),
        (None, Some(finding)) => {
            let text = format!("Dropped Rule: {}", message(&of_fields));
            partial = Some(condition(
                "PartiallyInvalid",
                Status::True,
                word(finding),
                text,
            ));
            condition("Accepted", Status::True, "Accepted", String::new())
        }
        (None, None) => condition("Accepted", Status::True, "Accepted", message(&of_fields)),
    };
    let resolved = match of_refs.iter().find(is_error) {
        Some(finding) => condition(
            "ResolvedRefs",
            Status::False,
            finding.reason.as_str(),
            message(&of_refs),
        ),
        None => condition(
            "ResolvedRefs",
            Status::True,
            "ResolvedRefs",
            message(&of_refs),
        ),
    };
    [Some(accepted), Some(resolved), partial]
        .into_iter()
        .flatten()
        .collect()
}

/// Which rules the errors are about.
fn rules<'a>(findings: &[&'a Finding]) -> BTreeSet<&'a str> {
    let rule = |f: &&&'a Finding| f.path.strip_prefix("spec.rules[")?.split(']').next();
    findings
        .iter()
        .filter(is_error)
        .filter_map(|f| rule(&f))
        .collect()
}

/// Gateway API has one word for values that an implementation doesn't take.
fn word(finding: &Finding) -> &'static str {
    match finding.reason {
        Reason::Invalid | Reason::UnsupportedValue => Reason::UnsupportedValue.as_str(),
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use sluice_compiler::resources::Name;
    use sluice_vocab::{Kind, ObjectRef, Origin};

    use super::*;

    const OURS: &str = "sluice.dev/gateway-controller";

    fn mk(finding: Option<Finding>) -> Route {
        let reference =
            serde_json::from_value(json!({"name": "g", "sectionName": "http"})).unwrap();
        let parent = Parent {
            index: 0,
            reference,
            gateway: Name::new("n", "g"),
            finding,
        };
        let object = ObjectRef::new(Kind::HTTPRoute, "n", "r");
        let at = Origin {
            object,
            generation: 1,
            path: String::new(),
        };
        Route {
            name: Name::new("n", "r"),
            at,
            rules: 2,
            parents: vec![parent],
        }
    }

    fn words(status: &Value, entry: usize) -> Vec<String> {
        let word =
            |c: &Value| format!("{}={}/{}", c["type"], c["status"], c["reason"]).replace('"', "");
        status["parents"][entry]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .map(word)
            .collect()
    }

    #[test]
    fn entries_of_other_controllers_stay_as_they_are() {
        let other = json!({"controllerName": "x/y", "parentRef": {"name": "g"}, "conditions": []});
        let live = json!({"parents": [other]});
        let status = parents(&mk(None), 4, &[], OURS, &live, "t");
        assert_eq!(status["parents"][0], other);
        assert_eq!(
            words(&status, 1),
            ["Accepted=True/Accepted", "ResolvedRefs=True/ResolvedRefs"]
        );
        let reference = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "g", "sectionName": "http"});
        assert_eq!(status["parents"][1]["parentRef"], reference);
        assert_eq!(without_ours(OURS, &status), Some(live.clone()));
        assert_eq!(without_ours(OURS, &live), None);
    }

    #[test]
    fn what_a_parent_refuses_is_said_of_that_parent() {
        let finding = Finding::error(Reason::NotAllowedByListeners, "", "no");
        let status = parents(&mk(Some(finding)), 1, &[], OURS, &Value::Null, "t");
        assert_eq!(words(&status, 0)[0], "Accepted=False/NotAllowedByListeners");
    }

    #[test]
    fn a_route_is_refused_when_no_rule_is_left() {
        let of = |n: usize| {
            Finding::error(
                Reason::UnsupportedValue,
                format!("spec.rules[{n}].filters[0]"),
                "no",
            )
        };
        let (a, b) = (of(0), of(1));
        let status = parents(&mk(None), 1, &[&a], OURS, &Value::Null, "t");
        let expected = [
            "Accepted=True/Accepted",
            "ResolvedRefs=True/ResolvedRefs",
            "PartiallyInvalid=True/UnsupportedValue",
        ];
        assert_eq!(words(&status, 0), expected);
        let status = parents(&mk(None), 1, &[&a, &b], OURS, &Value::Null, "t");
        assert_eq!(words(&status, 0)[0], "Accepted=False/UnsupportedValue");
    }

    #[test]
    fn a_backend_that_is_missing_is_a_reference() {
        let finding = Finding::error(
            Reason::BackendNotFound,
            "spec.rules[0].backendRefs[0]",
            "no",
        );
        let status = parents(&mk(None), 1, &[&finding], OURS, &Value::Null, "t");
        assert_eq!(
            words(&status, 0),
            [
                "Accepted=True/Accepted",
                "ResolvedRefs=False/BackendNotFound"
            ]
        );
    }
}
