//! What Gateway API's status asks for beside verdicts: who is attached to whom.

use std::collections::BTreeMap;

use sluice_crds::gateway_api::gateways::GatewayListeners;
use sluice_crds::gateway_api::httproutes::HttpRouteParentRefs;
use sluice_vocab::{Finding, Origin};

use crate::gateway;
use crate::resources::Name;
use crate::route::Compiled;
use crate::world::World;

/// Who is attached to whom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Topology {
    /// Our Gateways, also those that AIGateways stand for.
    pub gateways: BTreeMap<Name, Gateway>,
    /// HTTPRoutes that name a Gateway of ours.
    pub routes: BTreeMap<Name, Route>,
}

/// A Gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Gateway {
    /// Where its findings are: its own, or those of the AIGateway's field that stands for it.
    pub at: Origin,
    /// Its listeners, in order.
    pub listeners: Vec<Listener>,
}

/// A listener, whether it works or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// Whether HTTPRoutes may attach.
    pub takes_http_routes: bool,
    /// Whether it names kinds of routes that Sluice doesn't have.
    pub names_other_kinds: bool,
    /// Routes that it takes, as Gateway API counts them: by `allowedRoutes` and `parentRefs` alone.
    pub attached: usize,
}

/// An HTTPRoute.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: Name,
    /// Where its findings are: its own, or those of the AIGateway's field that stands for it.
    pub at: Origin,
    /// How many rules it has.
    pub rules: usize,
    /// Its parents that are Gateways of ours.
    pub parents: Vec<Parent>,
}

/// A parent of a route.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent {
    /// Which of `spec.parentRefs`.
    pub index: usize,
    /// The reference as it stands there.
    pub reference: HttpRouteParentRefs,
    /// The Gateway.
    pub gateway: Name,
    /// Why it doesn't take the route, if it doesn't.
    pub finding: Option<Finding>,
}

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
