//! Gateways and their listeners.

mod tls;

use std::collections::{BTreeMap, BTreeSet};

use sluice_crds::GATEWAY_GROUP;
use sluice_crds::gateway_api::gateways::{
    GatewayListeners, GatewayListenersAllowedRoutesNamespaces,
    GatewayListenersAllowedRoutesNamespacesFrom as From,
    GatewayListenersAllowedRoutesNamespacesSelector as Selector, GatewaySpec,
};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model;
use sluice_vocab::{Finding, Kind, Origin, Reason};

use crate::item::Item;
use crate::pool::Pool;
use crate::resources::Name;
use crate::verdict::Verdicts;
use crate::world::World;

const HTTP: &str = "HTTP";
const HTTPS: &str = "HTTPS";

/// A listener that routes may attach to.
pub(crate) struct Listener<'a> {
    pub(crate) key: EntryKey,
    pub(crate) at: Origin,
    pub(crate) body: model::Listener,
    spec: &'a GatewayListeners,
}

/// The listeners of each Gateway that is ours.
pub(crate) type Gateways<'a> = BTreeMap<Name, Vec<Listener<'a>>>;

/// Finds our Gateways and checks their listeners.
pub(crate) fn compile<'a>(
    world: &'a World<'_>,
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Gateways<'a> {
    let ours = world
        .gateways
        .iter()
        .filter(|(_, item)| is_ours(world, item, verdicts));
    let ours: Vec<_> = ours.collect();
    ours.into_iter()
        .map(|(name, item)| (name.clone(), listeners(world, item, pool, verdicts)))
        .collect()
}

/// Gateways of other controllers are none of our business; one whose class nobody has is worth a word.
fn is_ours(world: &World<'_>, item: &Item<GatewaySpec>, verdicts: &mut Verdicts) -> bool {
    let class = &item.spec().gateway_class_name;
    let at = item.at("spec.gatewayClassName");
    if item.parent.is_some() || world.is_our_class(class) {
        verdicts.see(&at.object, at.generation);
        return true;
    }
    if !world
        .set
        .gateway_classes
        .contains_key(&Name::new("", class.as_str()))
    {
        let message = format!(
            "GatewayClass {class} does not exist: create it, or use {}",
            sluice_crds::CLASS
        );
        verdicts.add(&at, Finding::warning(Reason::NotOurClass, "", message));
    }
    false
}

fn listeners<'a>(
    world: &World<'_>,
    item: &'a Item<GatewaySpec>,
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Vec<Listener<'a>> {
    let mut taken = Taken::default();
    let mut listeners = Vec::new();
    for (i, spec) in item.spec().listeners.iter().enumerate() {
        let at = item.at(format!("spec.listeners[{i}]"));
        if let Err(finding) = taken.take(spec) {
            verdicts.add(&at, finding);
            continue;
        }
        let tls = if spec.protocol == HTTPS {
            let Some(tls) = tls::terminate(world, item, (i, spec), pool, verdicts) else {
                continue;
            };
            Some(tls)
        } else {
            None
        };
        let port = u32::try_from(spec.port).unwrap_or_default();
        let body = model::Listener {
            name: spec.name.clone(),
            port,
            hostname: hostname(spec),
            tls,
        };
        let key = EntryKey::new(&["listener", &spec.name]);
        listeners.push(Listener {
            key,
            at,
            body,
            spec,
        });
    }
    listeners
}

fn hostname(spec: &GatewayListeners) -> String {
    spec.hostname
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// What listeners of a Gateway have, so that no other can.
#[derive(Default)]
struct Taken<'a> {
    names: BTreeSet<&'a str>,
    protocols: BTreeMap<i32, &'a str>,
    hostnames: BTreeSet<(i32, String)>,
}

impl<'a> Taken<'a> {
    /// The first listener that claims something has it.
    fn take(&mut self, spec: &'a GatewayListeners) -> Result<(), Finding> {
        if !matches!(&*spec.protocol, HTTP | HTTPS) {
            let message = format!(
                "listeners of protocol {} arrive with a later version: use HTTP or HTTPS",
                spec.protocol
            );
            return Err(Finding::error(Reason::UnsupportedValue, "", message));
        }
        if spec.protocol == HTTP && spec.tls.is_some() {
            let message = "a listener of protocol HTTP has no TLS: leave tls out, or use HTTPS";
            return Err(Finding::error(Reason::Invalid, "", message));
        }
        let is_new = self.names.insert(&spec.name);
        let protocol = *self.protocols.entry(spec.port).or_insert(&spec.protocol);
        if protocol != spec.protocol {
            let message = format!(
                "port {} has a listener of protocol {protocol} already: give one of them another port",
                spec.port
            );
            return Err(Finding::error(Reason::ProtocolConflict, "", message));
        }
        if !self.hostnames.insert((spec.port, hostname(spec))) || !is_new {
            let message = format!(
                "listener {} has the name, or the port and hostname, of another: change one",
                spec.name
            );
            return Err(Finding::error(Reason::Conflicted, "", message));
        }
        Ok(())
    }
}

impl Listener<'_> {
    /// The entries that it refers to.
    pub(crate) fn certificates(&self) -> Vec<EntryKey> {
        let keys = self.body.tls.iter().flat_map(|tls| &tls.certificates);
        keys.map(|key| EntryKey::from(key.as_str())).collect()
    }

    /// Whether a route's parentRef means this listener.
    pub(crate) fn is_meant(&self, section: Option<&str>, port: Option<i32>) -> bool {
        section.is_none_or(|s| s == self.spec.name) && port.is_none_or(|p| p == self.spec.port)
    }

    /// Whether routes of a namespace may attach.
    pub(crate) fn allows(&self, world: &World<'_>, gateway: &Name, namespace: &str) -> bool {
        allows(self.spec, world, gateway, namespace)
    }
}

/// Whether a listener's `allowedRoutes.kinds` has HTTPRoute, and whether it has anything else.
pub(crate) fn kinds(spec: &GatewayListeners) -> (bool, bool) {
    let kinds = spec
        .allowed_routes
        .as_ref()
        .and_then(|a| a.kinds.as_deref())
        .unwrap_or_default();
    let is_http = |group: Option<&str>, kind: &str| {
        group.unwrap_or(GATEWAY_GROUP) == GATEWAY_GROUP && kind == "HTTPRoute"
    };
    let http = kinds
        .iter()
        .filter(|k| is_http(k.group.as_deref(), &k.kind))
        .count();
    (kinds.is_empty() || http > 0, http < kinds.len())
}

/// Whether a listener takes routes of a namespace.
pub(crate) fn allows(
    spec: &GatewayListeners,
    world: &World<'_>,
    gateway: &Name,
    namespace: &str,
) -> bool {
    if !kinds(spec).0 {
        return false;
    }
    let namespaces = spec
        .allowed_routes
        .as_ref()
        .and_then(|a| a.namespaces.as_ref());
    match namespaces.and_then(|n| n.from.as_ref()) {
        Some(From::All) => true,
        None | Some(From::Same) => namespace == &*gateway.namespace,
        Some(From::Selector) => namespaces.is_some_and(|n| selects(world, n, namespace)),
    }
}

fn selects(
    world: &World<'_>,
    namespaces: &GatewayListenersAllowedRoutesNamespaces,
    namespace: &str,
) -> bool {
    let Some(selector) = &namespaces.selector else {
        return false;
    };
    let known = world.set.namespaces.get(&Name::new("", namespace));
    let mut labels = known.map(|n| n.meta.labels.clone()).unwrap_or_default();
    // Set by every API server; files may leave the Namespace out.
    labels.insert(
        "kubernetes.io/metadata.name".to_owned(),
        namespace.to_owned(),
    );
    matches(selector, &labels)
}

fn matches(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    let by_label = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(k, v)| labels.get(k) == Some(v));
    let by_expression = selector.match_expressions.iter().flatten().all(|e| {
        let value = labels.get(&e.key);
        let is_in = value.is_some_and(|v| e.values.iter().flatten().any(|w| w == v));
        match e.operator.as_str() {
            "In" => is_in,
            "NotIn" => !is_in,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    });
    by_label && by_expression
}

/// The kind that parents of routes have.
pub(crate) fn is_gateway(group: Option<&str>, kind: Option<&str>) -> bool {
    group.unwrap_or(GATEWAY_GROUP) == GATEWAY_GROUP
        && kind.unwrap_or("Gateway") == Kind::Gateway.as_str()
}
