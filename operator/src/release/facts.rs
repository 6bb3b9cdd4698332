//! What carries each Gateway's traffic depends on this.

use std::collections::BTreeMap;

use sluice_compiler::Compilation;
use sluice_compiler::resources::Name;
use sluice_vocab::{GatewayKey, Kind, ObjectRef};

use crate::workload::GatewayFacts;
use crate::world::World;

/// Of every Gateway that has a release: a user's own, or what an AIGateway stands for.
pub(super) fn read(
    world: &World,
    compilation: &Compilation,
    gateways: &[GatewayKey],
) -> BTreeMap<GatewayKey, GatewayFacts> {
    let of = |key: &GatewayKey| {
        let name = Name {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        };
        let object = |kind| ObjectRef {
            kind,
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        };
        let live = world.mirror().get(&object(Kind::Gateway));
        let uid = live.map(|live| live.uid.clone()).unwrap_or_default();
        let written = world.resources().gateways.get(&name);
        let is_own = written.is_some_and(|g| {
            g.meta
                .owner
                .as_ref()
                .is_none_or(|o| o.kind != Kind::AIGateway)
        });
        let facts = match compilation.expanded.get(&object(Kind::AIGateway)) {
            Some(expanded) if !is_own => {
                let spec = &expanded.gateway.object.spec;
                let parent = world.resources().ai_gateways.get(&name);
                GatewayFacts::read(
                    key.clone(),
                    uid,
                    spec,
                    parent.and_then(|p| p.spec.data_plane.as_ref()),
                )
            }
            _ => GatewayFacts::read(key.clone(), uid, &written?.spec, None),
        };
        Some((key.clone(), facts))
    };
    gateways.iter().filter_map(of).collect()
}

/// GatewayClasses of a controller, and their generations.
pub(super) fn classes(world: &World, controller: &str) -> Vec<(ObjectRef, i64)> {
    let classes = world.resources().gateway_classes.values();
    let ours = classes.filter(|c| c.spec.controller_name == controller);
    ours.map(|c| {
        (
            ObjectRef::new(Kind::GatewayClass, "", c.meta.name.name.clone()),
            c.meta.generation,
        )
    })
    .collect()
}
