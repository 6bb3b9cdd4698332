//! Services, as somebody dials them.

use sluice_snapshot::model;
use sluice_vocab::{Finding, Kind, Reason};

use crate::grant;
use crate::resources::Name;
use crate::world::World;

/// Finds the address of a Service's port for whoever refers to it.
pub(crate) fn endpoint(
    world: &World<'_>,
    from: (Kind, &str),
    name: &Name,
    port: Option<i32>,
) -> Result<model::Endpoint, Finding> {
    grant::check(&world.set.reference_grants, from, (Kind::Service, name))?;
    let Some(service) = world.set.services.get(name) else {
        let message = world.set.missing(Kind::Service, name);
        return Err(Finding::error(Reason::BackendNotFound, "", message));
    };
    // Gateway API says so itself: it would turn the right to write a Service into the right to reach whatever the gateway can
    // (CVE-2021-25740 and its kin).
    if let Some(external) = &service.spec.external_name {
        let message = format!(
            "Service {name} is of type ExternalName and stands for {external:?}, where a Service must not lead: name the host itself, in an \
             Upstream's customHost or a webhook's host"
        );
        return Err(Finding::error(Reason::UnsupportedValue, "", message));
    }
    let Some(port) = port else {
        let message = format!("a port has to be named for Service {name}");
        return Err(Finding::error(Reason::Invalid, "", message));
    };
    let port = match service.spec.ports.get(&port) {
        Some(Some(dialled)) => *dialled,
        Some(None) => {
            let message = format!(
                "targetPort of the headless Service {name} goes by a name: make it a number"
            );
            return Err(Finding::error(Reason::UnsupportedValue, "", message));
        }
        None if service.spec.ports.is_empty() => port,
        None => {
            let message = format!("Service {name} has no port {port}: name one that it has");
            return Err(Finding::error(Reason::BackendNotFound, "", message));
        }
    };
    let host = format!("{}.{}.svc.cluster.local", name.name, name.namespace);
    let port = u32::try_from(port).unwrap_or_default();
    Ok(model::Endpoint {
        host,
        port,
        no_proxy: true,
        ..model::Endpoint::default()
    })
}
