//! Workloads of Gateways that were given to another controller. Those of Gateways that were deleted go by themselves; those of Gateways
//! that are ours no more for any other reason stay until somebody deletes them by name.

use kube::ResourceExt;
use kube::api::DynamicObject;
use sluice_vocab::{Kind, ObjectRef};

use super::apply::{Applier, Seen};
use super::owned::{Store, config_maps, resource};
use crate::brief::brief;
use crate::release::Compiled;
use crate::workload::{CLASS_LABEL, WorkloadKind, label_value};
use crate::world::Mirror;

/// Deletes objects of a class of ours whose Gateway is there, and was given to another controller.
pub(super) async fn delete(
    applier: &mut Applier,
    compiled: &Compiled,
    store: &Store,
    mirror: &Mirror,
) {
    for ((kind, namespace, name), object) in store {
        let owner = object
            .owner_references()
            .iter()
            .find(|o| o.controller == Some(true) && o.kind == "Gateway");
        let Some(owner) = owner else { continue };
        let gateway = ObjectRef::new(Kind::Gateway, namespace.as_str(), owner.name.as_str());
        let is_there = mirror
            .get(&gateway)
            .is_some_and(|live| live.uid == owner.uid);
        let is_ours = compiled
            .facts
            .values()
            .any(|f| f.uid == Seen::of(object).controller);
        let is_handed_over =
            compiled.handed_over.contains(&gateway) && is_of_ours(compiled, object);
        if !is_there || is_ours || !is_handed_over {
            continue;
        }
        let found = WorkloadKind::ALL.into_iter().find(|k| k.as_str() == kind);
        let resource = found.map_or_else(config_maps, resource);
        let uid = object.uid().unwrap_or_default();
        if let Err(error) = applier.delete(&resource, namespace, name, &uid).await {
            tracing::warn!(
                kind,
                name,
                error = brief(&error),
                "an object can't be deleted"
            );
        }
    }
}

/// Whether an object was made for a class of ours; another controller of the same program has its own.
fn is_of_ours(compiled: &Compiled, object: &DynamicObject) -> bool {
    let made_for = object.labels().get(CLASS_LABEL);
    let mut ours = compiled.classes.iter().map(|(class, _)| &class.name);
    made_for.is_some_and(|made_for| ours.any(|name| label_value(name) == *made_for))
}
