//! Where each HTTPRoute is attached, also while it can't be read.
//!
//! What an unreadable route names, nobody knows; but the release that runs has it where it was. So these Gateways are frozen. (Those of
//! the route's own namespace are anyway: it may be new.)

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sluice_compiler::Compilation;
use sluice_compiler::topology::Route;
use sluice_vocab::{GatewayKey, Kind, ObjectRef};

use crate::world::Mirror;

/// The Gateways that took each route when it was last readable.
#[derive(Debug, Default)]
pub(super) struct Attached(BTreeMap<ObjectRef, BTreeSet<GatewayKey>>);

impl Attached {
    /// Freezes the Gateways that unreadable routes are attached to. What an earlier operator wrote into a route's status counts, where
    /// this one has never read it.
    pub(super) fn hold(
        &mut self,
        compilation: &mut Compilation,
        mirror: &Mirror,
        controller: &str,
    ) {
        let unreadable = &compilation.unreadable;
        self.0.retain(|route, _| unreadable.contains(route));
        for (name, route) in &compilation.topology.routes {
            let object = ObjectRef {
                kind: Kind::HTTPRoute,
                namespace: name.namespace.clone(),
                name: name.name.clone(),
            };
            self.0.insert(object, parents(route));
        }
        for object in unreadable.iter().filter(|o| o.kind == Kind::HTTPRoute) {
            let known = self.0.entry(object.clone()).or_insert_with(|| {
                let live = mirror.get(object);
                live.map(|live| told(object, &live.status, controller))
                    .unwrap_or_default()
            });
            for gateway in known.iter() {
                // One that is gone, or isn't ours any more, runs nothing that could be kept.
                if compilation.releases.contains_key(gateway) {
                    let reasons = compilation.frozen.entry(gateway.clone()).or_default();
                    if !reasons.contains(object) {
                        reasons.push(object.clone());
                    }
                }
            }
        }
    }
}

/// Gateways that take the route.
fn parents(route: &Route) -> BTreeSet<GatewayKey> {
    let taken = route.parents.iter().filter(|p| p.finding.is_none());
    taken
        .map(|p| GatewayKey {
            namespace: p.gateway.namespace.clone(),
            name: p.gateway.name.clone(),
        })
        .collect()
}

/// Gateways that took the route, as its status says.
fn told(route: &ObjectRef, status: &Value, controller: &str) -> BTreeSet<GatewayKey> {
    let entries = status["parents"].as_array().into_iter().flatten();
    let is_taken = |entry: &&Value| {
        let conditions = entry["conditions"].as_array().into_iter().flatten();
        let mut accepted = conditions.filter(|c| c["type"] == "Accepted");
        entry["controllerName"] == controller && accepted.any(|c| c["status"] == "True")
    };
    let gateway = |entry: &Value| {
        let reference = &entry["parentRef"];
        let namespace = reference["namespace"].as_str();
        Some(GatewayKey {
            namespace: namespace.map_or_else(|| route.namespace.clone(), Into::into),
            name: reference["name"].as_str()?.into(),
        })
    };
    entries.filter(is_taken).filter_map(gateway).collect()
}

#[cfg(test)]
mod tests;
