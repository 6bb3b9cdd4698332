//! From resources to snapshots and verdicts.

use std::collections::{BTreeMap, BTreeSet};

use sluice_snapshot::model::entry::Body;
use sluice_snapshot::{EntryKey, Sealer, Snapshot};
use sluice_vocab::{GatewayKey, Kind, ObjectRef};

use crate::expand::Expanded;
use crate::gateway::Listener;
use crate::policy::Policies;
use crate::pool::{Pool, Pooled};
use crate::resources::{Name, ResourceSet};
use crate::route::Compiled;
use crate::settings::Settings;
use crate::topology::Topology;
use crate::verdict::{Verdict, Verdicts};
use crate::world::World;
use crate::{gateway, policy, route, topology, upstream};

/// What came out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compilation {
    /// What the data planes of each Gateway are to run.
    pub releases: BTreeMap<GatewayKey, Snapshot>,
    /// What there is to say about each resource.
    pub verdicts: BTreeMap<ObjectRef, Verdict>,
    /// What each AIGateway stands for, for whoever shows it to people.
    pub expanded: BTreeMap<ObjectRef, Expanded>,
    /// Gateways whose release may lack something that could not be read. Whoever has an older release of one keeps it.
    pub frozen: BTreeMap<GatewayKey, Vec<ObjectRef>>,
    /// Resources that could not be read: of these, nothing else here says anything.
    pub unreadable: BTreeSet<ObjectRef>,
    /// Secrets whose values were looked for, whether they exist or not. Whoever knows Secrets by their metadata alone gets these,
    /// and compiles again.
    pub secrets: BTreeSet<Name>,
    /// Who is attached to whom.
    pub topology: Topology,
}

/// Compiles everything. Cannot fail: what is wrong is in the verdicts, and costs no more than it must. Equal input gives
/// equal output, down to the versions of the snapshots.
pub fn compile(resources: &ResourceSet, settings: &Settings) -> Compilation {
    let mut verdicts = Verdicts::default();
    let mut pool = Pool::new(Sealer::new(&settings.install_key));
    let world = World::new(resources, settings, &mut verdicts);
    upstream::compile(&world, &mut pool, &mut verdicts);
    let policies = policy::compile(&world, &mut pool, &mut verdicts);
    let gateways = gateway::compile(&world, &mut pool, &mut verdicts);
    let routes = route::compile(&world, &gateways, &policies, &mut verdicts);
    let mut releases = BTreeMap::new();
    for (name, listeners) in &gateways {
        let key = GatewayKey {
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        let snapshot = release(name, listeners, &routes, &policies, &pool, &mut verdicts);
        releases.insert(key, snapshot);
    }
    let frozen = frozen(resources, &releases);
    let topology = topology::gather::gather(&world, &gateways, &routes);
    drop(gateways);
    let (expanded, secrets) = world.finish();
    Compilation {
        releases,
        frozen,
        unreadable: resources.unreadable.keys().cloned().collect(),
        expanded,
        secrets,
        topology,
        verdicts: verdicts.finish(),
    }
}

/// Everything that one Gateway's data planes run.
fn release(
    gateway: &Name,
    listeners: &[Listener<'_>],
    routes: &[Compiled],
    policies: &Policies,
    pool: &Pool,
    verdicts: &mut Verdicts,
) -> Snapshot {
    let mut roots: BTreeMap<EntryKey, Pooled> = BTreeMap::new();
    for listener in listeners {
        let body = Body::Listener(listener.body.clone());
        roots.insert(
            listener.key.clone(),
            pool.seal(&listener.at, body, listener.certificates()),
        );
    }
    let gateway_policies = policies.of(Kind::Gateway, gateway, None);
    let gateway_policies: Vec<EntryKey> = gateway_policies
        .into_iter()
        .flat_map(|(_, keys)| keys)
        .collect();
    for compiled in routes {
        for attachment in compiled
            .attachments
            .iter()
            .filter(|a| a.gateway.as_ref() == Some(gateway))
        {
            for rule in &compiled.rules {
                let mut body = rule.body.clone();
                let mut refs = rule.refs.clone();
                body.listeners.clone_from(&attachment.listeners);
                body.hostnames.clone_from(&attachment.hostnames);
                // The whole gateway's first; a policy that the rule names itself stays where it is.
                let outer = gateway_policies
                    .iter()
                    .filter(|key| !rule.refs.contains(key));
                let outer: Vec<EntryKey> = outer.map(|key| (*key).clone()).collect();
                body.policies
                    .splice(0..0, outer.iter().map(|key| key.as_str().to_owned()));
                refs.extend(outer);
                roots.insert(
                    rule.key.clone(),
                    pool.seal(&rule.at, Body::Route(body), refs),
                );
            }
        }
    }
    let (entries, objects) = pool.reach(roots);
    let key = GatewayKey {
        namespace: gateway.namespace.clone(),
        name: gateway.name.clone(),
    };
    let own = [Kind::Gateway, Kind::AIGateway].map(|kind| ObjectRef {
        kind,
        namespace: gateway.namespace.clone(),
        name: gateway.name.clone(),
    });
    for object in objects.iter().chain(&own) {
        verdicts.attach(object, &key);
    }
    Snapshot::new(entries)
}

/// Gateways that something unreadable belongs to: itself, or routes of its own namespace. (Upstreams, policies and
/// Secrets that are unreadable fail closed where they are referred to. Routes of other namespaces are attached where the release that
/// runs says so, which is for whoever has it to know.)
fn frozen(
    resources: &ResourceSet,
    releases: &BTreeMap<GatewayKey, Snapshot>,
) -> BTreeMap<GatewayKey, Vec<ObjectRef>> {
    let mut frozen: BTreeMap<GatewayKey, Vec<ObjectRef>> = BTreeMap::new();
    for object in resources.unreadable.keys() {
        match object.kind {
            Kind::Gateway | Kind::AIGateway => {
                let key = GatewayKey {
                    namespace: object.namespace.clone(),
                    name: object.name.clone(),
                };
                frozen.entry(key).or_default().push(object.clone());
            }
            Kind::HTTPRoute => {
                for key in releases
                    .keys()
                    .filter(|key| key.namespace == object.namespace)
                {
                    frozen.entry(key.clone()).or_default().push(object.clone());
                }
            }
            Kind::Upstream
            | Kind::RoutePolicy
            | Kind::GatewayClass
            | Kind::ReferenceGrant
            | Kind::Service
            | Kind::Secret
            | Kind::ConfigMap
            | Kind::Namespace => {}
        }
    }
    frozen
}
