//! Status of a Gateway.

use serde_json::{Value, json};
use sluice_compiler::condition::{Condition, Status};
use sluice_compiler::topology::Listener;
use sluice_vocab::{Finding, Reason};

use super::{condition, is_error, is_reference, message, reason};
use crate::delivery::Count;
use crate::provision::Pods;
use crate::status::condition::render;

/// What is known of a Gateway.
pub(crate) struct Gateway<'a> {
    pub(crate) generation: i64,
    /// Of the Gateway as a whole.
    pub(crate) findings: Vec<&'a Finding>,
    /// Its listeners, each with its findings.
    pub(crate) listeners: Vec<(&'a Listener, Vec<&'a Finding>)>,
    /// `Programmed` as delivery has it.
    pub(crate) delivered: Condition,
    pub(crate) count: Count,
    /// Type and value.
    pub(crate) addresses: &'a [(String, String)],
    /// Whether anything takes its traffic.
    pub(crate) pods: Pods,
}

/// Status of a Gateway.
pub(crate) fn gateway(gateway: &Gateway<'_>, live: &Value, now: &str) -> Value {
    let accepted = accepted(gateway);
    let programmed = programmed(gateway, &accepted, live);
    let before = live
        .get("listeners")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let listeners = gateway.listeners.iter().map(|(listener, findings)| {
        let conditions = listener_conditions(gateway, listener, findings);
        let old = before.iter().find(|l| l["name"] == listener.name.as_str());
        let kind = json!({"group": sluice_crds::GATEWAY_GROUP, "kind": "HTTPRoute"});
        let kinds = if listener.takes_http_routes {
            json!([kind])
        } else {
            json!([])
        };
        json!({
            "name": listener.name,
            "attachedRoutes": listener.attached,
            "supportedKinds": kinds,
            "conditions": render(&conditions, old.and_then(|l| l.get("conditions")), now),
        })
    });
    let address = |(kind, value): &(String, String)| json!({"type": kind, "value": value});
    json!({
        "addresses": gateway.addresses.iter().map(address).collect::<Value>(),
        "conditions": render(&[accepted, programmed], live.get("conditions"), now),
        "listeners": listeners.collect::<Value>(),
    })
}

fn accepted(gateway: &Gateway<'_>) -> Condition {
    let condition = |status, reason, message: String| {
        condition("Accepted", status, reason, message, gateway.generation)
    };
    if let Some(finding) = gateway.findings.iter().find(is_error) {
        return condition(
            Status::False,
            finding.reason.as_str(),
            message(&gateway.findings),
        );
    }
    let broken: Vec<&Finding> = gateway
        .listeners
        .iter()
        .filter_map(|(_, f)| f.iter().find(is_error).copied())
        .collect();
    match broken.len() {
        0 => condition(Status::True, "Accepted", message(&gateway.findings)),
        n if n < gateway.listeners.len() => {
            condition(Status::True, "ListenersNotValid", message(&broken))
        }
        _ => condition(Status::False, "ListenersNotValid", message(&broken)),
    }
}

fn programmed(gateway: &Gateway<'_>, accepted: &Condition, live: &Value) -> Condition {
    let condition = |status, reason, message: String| {
        condition("Programmed", status, reason, message, gateway.generation)
    };
    let Count { current, connected } = gateway.count;
    let on = format!(
        "generation {} on {current}/{connected} proxies",
        gateway.generation
    );
    if accepted.status == Status::False {
        return condition(Status::False, "Invalid", accepted.message.clone());
    }
    match gateway.delivered.status {
        Status::True if gateway.addresses.is_empty() => condition(
            Status::False,
            "AddressNotAssigned",
            format!("{on}; the Service has no address yet"),
        ),
        // Later, pods may come and go: it was programmed all the same.
        Status::True
            if gateway.pods != Pods::Ready && !was_programmed(live, gateway.generation) =>
        {
            condition(
                Status::False,
                "Pending",
                format!("{on}; {}", gateway.pods.message()),
            )
        }
        Status::True => condition(Status::True, "Programmed", on),
        Status::False => condition(Status::False, "Invalid", gateway.delivered.message.clone()),
        Status::Unknown => condition(
            Status::Unknown,
            "Pending",
            format!("{on}: {}", gateway.delivered.message),
        ),
    }
}

fn was_programmed(status: &Value, generation: i64) -> bool {
    let conditions = status.get("conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|c| {
        c["type"] == "Programmed" && c["status"] == "True" && c["observedGeneration"] == generation
    })
}

fn listener_conditions(
    gateway: &Gateway<'_>,
    listener: &Listener,
    findings: &[&Finding],
) -> Vec<Condition> {
    let condition = |kind, status, reason, message: &str| {
        condition(kind, status, reason, message, gateway.generation)
    };
    let (of_refs, of_fields): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|f| is_reference(f));
    let conflict = of_fields.iter().find_map(|f| match f.reason {
        Reason::Conflicted => Some(("HostnameConflict", &f.message)),
        Reason::ProtocolConflict => Some(("ProtocolConflict", &f.message)),
        _ => None,
    });
    let accepted = match of_fields.iter().find(is_error) {
        Some(f) if f.reason == Reason::UnsupportedValue => {
            condition("Accepted", Status::False, "UnsupportedProtocol", &f.message)
        }
        Some(f) if f.reason == Reason::Conflicted => {
            condition("Accepted", Status::False, "HostnameConflict", &f.message)
        }
        Some(f) => condition("Accepted", Status::False, f.reason.as_str(), &f.message),
        None => condition("Accepted", Status::True, "Accepted", ""),
    };
    let resolved = match of_refs.iter().find(is_error) {
        Some(f) => condition("ResolvedRefs", Status::False, reason(f), &message(&of_refs)),
        None if listener.names_other_kinds => {
            let text = "allowedRoutes.kinds names kinds other than HTTPRoute";
            condition("ResolvedRefs", Status::False, "InvalidRouteKinds", text)
        }
        None => condition("ResolvedRefs", Status::True, "ResolvedRefs", ""),
    };
    let conflicted = match conflict {
        Some((reason, message)) => condition("Conflicted", Status::True, reason, message),
        None => condition("Conflicted", Status::False, "NoConflicts", ""),
    };
    let is_broken = findings.iter().any(|f| is_error(&f)) || !listener.takes_http_routes;
    let delivered = gateway.delivered.message.as_str();
    let (status, reason, message) = match gateway.delivered.status {
        _ if is_broken => (Status::False, "Invalid", "see the other conditions"),
        Status::True => (Status::True, "Programmed", ""),
        Status::False => (Status::False, "Invalid", delivered),
        Status::Unknown => (Status::Unknown, "Pending", delivered),
    };
    let programmed = condition("Programmed", status, reason, message);
    vec![accepted, resolved, programmed, conflicted]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_listener(name: &str) -> Listener {
        Listener {
            name: name.into(),
            takes_http_routes: true,
            names_other_kinds: false,
            attached: 2,
        }
    }

    fn mk(listeners: &[(&Listener, Vec<&Finding>)], delivered: Status) -> Value {
        let addresses = [("IPAddress".to_owned(), "10.0.0.1".to_owned())];
        let delivered = condition("Programmed", delivered, "", "m", 3);
        let known = Gateway {
            generation: 3,
            findings: vec![],
            listeners: listeners.to_vec(),
            delivered,
            count: Count {
                current: 1,
                connected: 2,
            },
            addresses: &addresses,
            pods: Pods::Ready,
        };
        gateway(&known, &Value::Null, "t")
    }

    fn words(conditions: &Value) -> Vec<String> {
        let word =
            |c: &Value| format!("{}={}/{}", c["type"], c["status"], c["reason"]).replace('"', "");
        conditions.as_array().unwrap().iter().map(word).collect()
    }

    #[test]
    fn one_broken_listener_leaves_the_others() {
        let (good, bad) = (mk_listener("a"), mk_listener("b"));
        let finding = Finding::error(Reason::UnsupportedValue, "spec.listeners[1]", "no TCP");
        let status = mk(&[(&good, vec![]), (&bad, vec![&finding])], Status::True);
        assert_eq!(
            words(&status["conditions"]),
            [
                "Accepted=True/ListenersNotValid",
                "Programmed=True/Programmed"
            ]
        );
        assert_eq!(
            status["conditions"][1]["message"],
            "generation 3 on 1/2 proxies"
        );
        assert_eq!(status["listeners"][0]["attachedRoutes"], 2);
        assert_eq!(
            words(&status["listeners"][1]["conditions"]),
            [
                "Accepted=False/UnsupportedProtocol",
                "ResolvedRefs=True/ResolvedRefs",
                "Programmed=False/Invalid",
                "Conflicted=False/NoConflicts"
            ]
        );
        let status = mk(&[(&bad, vec![&finding])], Status::True);
        assert_eq!(
            words(&status["conditions"]),
            [
                "Accepted=False/ListenersNotValid",
                "Programmed=False/Invalid"
            ]
        );
    }

    #[test]
    fn a_listener_that_takes_other_kinds_too_says_so_and_works() {
        let listener = Listener {
            names_other_kinds: true,
            ..mk_listener("a")
        };
        let status = mk(&[(&listener, vec![])], Status::True);
        let conditions = words(&status["listeners"][0]["conditions"]);
        assert_eq!(
            conditions[1..3],
            [
                "ResolvedRefs=False/InvalidRouteKinds",
                "Programmed=True/Programmed"
            ]
        );
        let listener = Listener {
            takes_http_routes: false,
            ..listener
        };
        let status = mk(&[(&listener, vec![])], Status::True);
        assert_eq!(status["listeners"][0]["supportedKinds"], json!([]));
        assert_eq!(
            words(&status["listeners"][0]["conditions"])[2],
            "Programmed=False/Invalid"
        );
    }
}
