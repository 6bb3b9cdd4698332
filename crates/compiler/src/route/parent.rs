//! Which listeners a route goes to.

use std::collections::BTreeMap;

use sluice_crds::gateway_api::httproutes::{HttpRouteParentRefs, HttpRouteSpec};
use sluice_vocab::{Finding, Kind, Reason};

use crate::gateway::{Gateways, Listener, is_gateway};
use crate::hostname::intersect;
use crate::item::Item;
use crate::resources::Name;
use crate::topology::Parent;
use crate::verdict::Verdicts;
use crate::world::World;

/// A route at one Gateway.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attachment {
    pub(crate) gateway: Option<Name>,
    pub(crate) listeners: Vec<String>,
    pub(crate) hostnames: Vec<String>,
}

/// Finds the listeners of a route, by Gateway; `None` when no parent is any of our business. Beside them, what became of each parent
/// that is ours.
pub(super) fn attach(
    world: &World<'_>,
    gateways: &Gateways<'_>,
    item: &Item<HttpRouteSpec>,
    verdicts: &mut Verdicts,
) -> Option<(Vec<Attachment>, Vec<Parent>)> {
    let mut parents = Vec::new();
    let mut attached: BTreeMap<Name, Vec<(&Listener<'_>, Vec<String>)>> = BTreeMap::new();
    let mut is_ours = false;
    for (i, parent) in item.spec().parent_refs.iter().flatten().enumerate() {
        if !is_gateway(parent.group.as_deref(), parent.kind.as_deref()) {
            continue;
        }
        let name = Name::new(
            parent
                .namespace
                .as_deref()
                .unwrap_or(&item.name().namespace),
            parent.name.as_str(),
        );
        let found = match gateways.get(&name) {
            Some(listeners) => {
                let found = listeners_of(world, &name, listeners, item, parent);
                let finding = found.as_ref().err().cloned();
                parents.push(Parent {
                    index: i,
                    reference: parent.clone(),
                    gateway: name.clone(),
                    finding,
                });
                found
            }
            // Another controller's Gateway.
            None if world.gateways.contains_key(&name) => continue,
            None => {
                let message = world.set.missing(Kind::Gateway, &name);
                Err(Finding::error(Reason::NoMatchingParent, "", message))
            }
        };
        is_ours = true;
        match found {
            Ok(found) => attached.entry(name).or_default().extend(found),
            Err(finding) => verdicts.add(&item.at(format!("spec.parentRefs[{i}]")), finding),
        }
    }
    let at = item.at("");
    if is_ours {
        verdicts.see(&at.object, at.generation);
    }
    let merged = || {
        attached
            .into_iter()
            .map(|(gateway, listeners)| merge(gateway, listeners))
            .collect()
    };
    is_ours.then(|| (merged(), parents))
}

/// The listeners of one parent that take the route, each with the host names that both have.
fn listeners_of<'a>(
    world: &World<'_>,
    gateway: &Name,
    listeners: &'a [Listener<'a>],
    item: &Item<HttpRouteSpec>,
    parent: &HttpRouteParentRefs,
) -> Result<Vec<(&'a Listener<'a>, Vec<String>)>, Finding> {
    let mut left: Vec<&Listener<'_>> = listeners
        .iter()
        .filter(|l| l.is_meant(parent.section_name.as_deref(), parent.port))
        .collect();
    if left.is_empty() {
        let message =
            format!("Gateway {gateway} has no such listener: correct sectionName or port");
        return Err(Finding::error(Reason::NoMatchingParent, "", message));
    }
    left.retain(|l| l.allows(world, gateway, &item.name().namespace));
    if left.is_empty() {
        let message = format!(
            "no listener of Gateway {gateway} allows HTTPRoutes of namespace {}: see allowedRoutes there",
            item.name().namespace
        );
        return Err(Finding::error(Reason::NotAllowedByListeners, "", message));
    }
    let hostnames = item.spec().hostnames.as_deref().unwrap_or_default();
    let common = |l: &'a Listener<'a>| Some((l, intersect(&l.body.hostname, hostnames)?));
    let found: Vec<_> = left.into_iter().filter_map(common).collect();
    if found.is_empty() {
        let message =
            format!("no listener of Gateway {gateway} has a hostname in common with the route");
        return Err(Finding::error(
            Reason::NoMatchingListenerHostname,
            "",
            message,
        ));
    }
    Ok(found)
}

/// Joins the listeners of one Gateway. Each listener takes only its own host names anyway, so they can be joined too.
fn merge(gateway: Name, found: Vec<(&Listener<'_>, Vec<String>)>) -> Attachment {
    let mut attachment = Attachment {
        gateway: Some(gateway),
        ..Attachment::default()
    };
    let is_any = found.iter().any(|(_, hostnames)| hostnames.is_empty());
    for (listener, hostnames) in found {
        let key = listener.key.as_str();
        if !attachment.listeners.iter().any(|l| l == key) {
            attachment.listeners.push(key.to_owned());
        }
        attachment
            .hostnames
            .extend(hostnames.into_iter().filter(|_| !is_any));
    }
    attachment.listeners.sort();
    attachment.hostnames.sort();
    attachment.hostnames.dedup();
    attachment
}
