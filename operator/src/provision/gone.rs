//! Workloads of Gateways that are not ours any more. Those of Gateways that were deleted go by themselves.

use kube::ResourceExt;
use sluice_vocab::{Kind, ObjectRef};

use super::apply::{Applier, Seen};
use super::owned::{Store, config_maps, resource};
use crate::brief::brief;
use crate::release::Compiled;
use crate::workload::WorkloadKind;
use crate::world::Mirror;

/// Deletes objects whose Gateway is there, but no longer of our class.
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
        if !is_there || is_ours {
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
