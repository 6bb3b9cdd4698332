//! What is not reconciled, though nobody took it away: it goes on as it is until somebody deletes it by name.
//!
//! AI resources that were turned off, a GatewayClass that went, another controller name: all of these are values of the installation that
//! somebody may have forgotten. Only who edits a Gateway so that it names somebody else's class hands it over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sluice_compiler::resources::{Name, ResourceSet};
use sluice_compiler::{Compilation, Settings};
use sluice_vocab::{GatewayKey, Kind, ObjectRef, Reason};

use crate::workload::GatewayFacts;
use crate::world::Mirror;

/// Gateways that are there and get no release, as they are.
pub(super) fn gateways(
    set: &ResourceSet,
    mirror: &Mirror,
    reconciled: &BTreeMap<GatewayKey, GatewayFacts>,
) -> BTreeMap<GatewayKey, GatewayFacts> {
    let kept = |(name, gateway): (&Name, &std::sync::Arc<_>)| {
        let gateway: &sluice_compiler::resources::Object<_> = gateway;
        let key = key(name);
        let live = mirror.get(&object(Kind::Gateway, name))?;
        let facts = GatewayFacts::read(key.clone(), live.uid.as_str(), &gateway.spec, None);
        (!reconciled.contains_key(&key)).then_some((key, facts))
    };
    set.gateways.iter().filter_map(kept).collect()
}

/// Gateways and AIGateways whose users gave them to another controller: the class is there, and somebody else's.
pub(super) fn handed_over(set: &ResourceSet, settings: &Settings) -> BTreeSet<ObjectRef> {
    let controller = |class: &str| {
        let class = set.gateway_classes.get(&Name::new("", class));
        class.map(|class| class.spec.controller_name == settings.controller_name)
    };
    let is_others = |class: &str| controller(class) == Some(false);
    let gateways = set
        .gateways
        .iter()
        .filter(|(_, gateway)| is_others(&gateway.spec.gateway_class_name))
        .map(|(name, _)| object(Kind::Gateway, name));
    // What stands for it still has the class from before, which is ours: it was not ours that changed.
    let was_ours = |name: &Name| {
        let made = set.gateways.get(name);
        made.is_some_and(|made| controller(&made.spec.gateway_class_name) == Some(true))
    };
    let ai_gateways = set
        .ai_gateways
        .iter()
        .filter(|(name, ai)| is_others(&ai.spec.gateway_class_name) && was_ours(name))
        .map(|(name, _)| object(Kind::AIGateway, name));
    gateways.chain(ai_gateways).collect()
}

/// While AI resources are off, Gateways whose routes lead to Upstreams keep the configuration that they run. One that never ran anything
/// has none to keep: there, only those routes are refused.
pub(super) fn hold(compilation: &mut Compilation, mirror: &Mirror) {
    let is_off = |o: &ObjectRef| {
        let verdict = compilation.verdicts.get(o);
        verdict.is_some_and(|v| v.findings.iter().any(|f| f.reason == Reason::AIDisabled))
    };
    let mut held: BTreeMap<GatewayKey, Vec<ObjectRef>> = BTreeMap::new();
    for (object, verdict) in &compilation.verdicts {
        if !is_off(object) {
            continue;
        }
        for gateway in &verdict.gateways {
            let live = mirror.get(&ObjectRef {
                kind: Kind::Gateway,
                namespace: gateway.namespace.clone(),
                name: gateway.name.clone(),
            });
            if live.is_some_and(|live| has_run(&live.status)) {
                held.entry(gateway.clone())
                    .or_default()
                    .push(object.clone());
            }
        }
    }
    for (gateway, objects) in held {
        compilation
            .frozen
            .entry(gateway)
            .or_default()
            .extend(objects);
    }
}

/// Whether an operator said of a Gateway that its data planes run what they should, or that they keep it.
fn has_run(status: &Value) -> bool {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let mut said = conditions.map(|c| (c["type"].as_str(), c["status"].as_str(), &c["reason"]));
    said.any(|(kind, status, reason)| {
        (kind, status) == (Some("Programmed"), Some("True")) || reason == Reason::Frozen.as_str()
    })
}

fn key(name: &Name) -> GatewayKey {
    GatewayKey {
        namespace: name.namespace.clone(),
        name: name.name.clone(),
    }
}

fn object(kind: Kind, name: &Name) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: name.namespace.clone(),
        name: name.name.clone(),
    }
}

#[cfg(test)]
mod tests;
