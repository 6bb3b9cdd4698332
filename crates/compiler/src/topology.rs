//! What Gateway API's status asks for beside verdicts: who is attached to whom.

pub(crate) mod gather;

use std::collections::BTreeMap;

use sluice_crds::gateway_api::httproutes::HttpRouteParentRefs;
use sluice_vocab::{Finding, Origin};

use crate::resources::Name;

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
