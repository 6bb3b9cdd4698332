//! How the topology comes of what was compiled.

use sluice_crds::gateway_api::gateways::GatewayListeners;

use super::{Gateway, Listener, Parent, Route, Topology};
use crate::gateway;
use crate::resources::Name;
use crate::route::Compiled;
use crate::world::World;

/// Gathers it.
pub(crate) fn gather(
    world: &World<'_>,
    gateways: &gateway::Gateways<'_>,
    routes: &[Compiled],
) -> Topology {
    let mut topology = Topology::default();
    for compiled in routes {
        topology
            .routes
            .insert(compiled.route.name.clone(), compiled.route.clone());
    }
    for name in gateways.keys() {
        let Some(item) = world.gateways.get(name) else {
            continue;
        };
        let listeners = item
            .spec()
            .listeners
            .iter()
            .map(|spec| listener(world, name, spec, routes));
        let gateway = Gateway {
            at: item.at(""),
            listeners: listeners.collect(),
        };
        topology.gateways.insert(name.clone(), gateway);
    }
    topology
}

fn listener(
    world: &World<'_>,
    gateway: &Name,
    spec: &GatewayListeners,
    routes: &[Compiled],
) -> Listener {
    let (takes_http_routes, names_other_kinds) = gateway::kinds(spec);
    let is_meant = |parent: &Parent| {
        let reference = &parent.reference;
        parent.gateway == *gateway
            && reference
                .section_name
                .as_ref()
                .is_none_or(|s| *s == spec.name)
            && reference.port.is_none_or(|p| p == spec.port)
    };
    let is_attached = |route: &Route| {
        route.parents.iter().any(is_meant)
            && gateway::allows(spec, world, gateway, &route.name.namespace)
    };
    let attached = routes
        .iter()
        .filter(|compiled| is_attached(&compiled.route))
        .count();
    Listener {
        name: spec.name.clone(),
        takes_http_routes,
        names_other_kinds,
        attached,
    }
}
