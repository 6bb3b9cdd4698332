//! RoutePolicies, and what they are attached to.

mod lookup;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use sluice_crds::RoutePolicySpec;
use sluice_crds::route_policy::{TargetKind, TargetRef};
use sluice_policy::{Scope, authentication};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, entry::Body};
use sluice_vocab::{Finding, Kind, ObjectRef, Origin, Reason};

use crate::item::Item;
use crate::pool::{Pool, key};
use crate::resources::Name;
use crate::secret;
use crate::verdict::Verdicts;
use crate::world::{World, disabled};
use lookup::Found;

/// Compiled policies: the keys of each RoutePolicy's entries, and which apply to a target.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    keys: BTreeMap<Name, Vec<EntryKey>>,
    targets: BTreeMap<(Kind, Name), Vec<Attached>>,
}

/// A RoutePolicy that names a target, or one section of it.
#[derive(Debug)]
struct Attached {
    section: Option<String>,
    policy: Name,
    /// Kinds of which there can be one only, and an older policy of the same target has it.
    lost: Vec<&'static str>,
}

/// Policies of which a request can follow one only. Others add up, or go by their fields.
const SINGLE: [&str; 3] = ["timeouts", "routeType", "fidelity"];

/// The kind of policy that an entry is.
fn kind(key: &EntryKey) -> &str {
    key.as_str().rsplit('/').next().unwrap_or_default()
}

impl Policies {
    /// The keys of a RoutePolicy's entries, if it exists.
    pub(crate) fn keys(&self, name: &Name) -> Option<&[EntryKey]> {
        self.keys.get(name).map(Vec::as_slice)
    }

    /// RoutePolicies that name a target, then those that name one section of it, each with the entries that count there; oldest first.
    pub(crate) fn of<'a>(
        &'a self,
        target_kind: Kind,
        target: &Name,
        section: Option<&str>,
    ) -> Vec<(&'a Name, Vec<EntryKey>)> {
        let attached = self
            .targets
            .get(&(target_kind, target.clone()))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let whole = attached.iter().filter(|a| a.section.is_none());
        let part = attached
            .iter()
            .filter(|a| a.section.is_some() && a.section.as_deref() == section);
        let keys = |a: &Attached| {
            let keys = self.keys(&a.policy).unwrap_or_default().iter();
            keys.filter(|key| !a.lost.contains(&kind(key)))
                .cloned()
                .collect()
        };
        whole.chain(part).map(|a| (&a.policy, keys(a))).collect()
    }
}

/// Compiles every RoutePolicy into the pool.
pub(crate) fn compile(world: &World<'_>, pool: &mut Pool, verdicts: &mut Verdicts) -> Policies {
    let mut policies = Policies::default();
    let mut items: Vec<_> = world.policies.values().collect();
    items.sort_by_key(|item| (item.object.meta.created, item.name()));
    for item in items {
        let keys = entries(world, item, pool, verdicts);
        policies.keys.insert(item.name().clone(), keys);
        for (i, target) in item.spec().target_refs.iter().enumerate() {
            attach(
                world,
                item,
                target,
                &format!("spec.targetRefs[{i}]"),
                &mut policies,
                verdicts,
            );
        }
    }
    policies
}

fn entries(
    world: &World<'_>,
    item: &Item<RoutePolicySpec>,
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Vec<EntryKey> {
    if !world.settings.ai_enabled {
        verdicts.add(&item.at(""), disabled());
        return Vec::new();
    }
    let Some((spec, path)) = item.spec().ai() else {
        verdicts.add(
            &item.at("spec"),
            Finding::error(Reason::Invalid, "", "spec.ai has to be set"),
        );
        return Vec::new();
    };
    if item.spec().options.is_some() {
        let message = "options.ai is an older spelling: write spec.ai";
        verdicts.add(
            &item.at("spec.options"),
            Finding::warning(Reason::Deprecated, "", message),
        );
    }
    // The policies of a whole gateway stand in the AIGateway as they are, so that their paths can be told exactly.
    let parent = item.parent.as_ref().map(|p| p.path.as_str());
    let base = parent.filter(|path| *path == "spec.policy").unwrap_or(path);
    let found = Found::new(world, item, pool);
    let scope = Scope {
        api_key_set: item.name().to_string(),
        lookup: &found,
    };
    let (compiled, findings) = spec.compile(&scope, base);
    let credentials = found.finish();
    // Of a parent that has not these fields, only the whole can be named.
    let at = |path: String| match parent {
        Some(parent) if parent != base => item.at(""),
        _ => Origin {
            path,
            ..item.at("")
        },
    };
    for finding in findings {
        verdicts.add(&at(finding.path.clone()), finding);
    }
    let api_keys = spec
        .authentication
        .as_ref()
        .map(|a| api_keys(world, item, a, base, pool, verdicts));
    let api_keys = api_keys.unwrap_or_default();
    let mut keys = Vec::new();
    for policy in compiled {
        let refs = match policy.kind {
            "authentication" => api_keys.clone(),
            "promptGuard" => credentials.clone(),
            _ => Vec::new(),
        };
        let key = key("policy", item.name(), &[policy.kind]);
        let body = model::Policy {
            kind: policy.kind.to_owned(),
            revision: policy.revision,
            config: policy.config,
        };
        let at = at(format!("{base}.{}", policy.kind));
        pool.put(key.clone(), &at, Body::Policy(body), refs);
        keys.push(key);
    }
    keys
}

/// The keys of callers, from the Secrets that the policy selects: known by their digests only.
fn api_keys(
    world: &World<'_>,
    item: &Item<RoutePolicySpec>,
    spec: &authentication::Spec,
    base: &str,
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Vec<EntryKey> {
    let mut keys = Vec::new();
    let namespace = &item.name().namespace;
    let secrets = world
        .set
        .secrets
        .values()
        .filter(|s| s.meta.name.namespace == *namespace);
    for secret in secrets.filter(|s| spec.api_keys.secret_selector.matches(&s.meta.labels)) {
        let name = &secret.meta.name;
        world.secret(name);
        for (field, value) in &secret.spec.data {
            let value = secret::trim(value.expose());
            if value.is_empty() {
                continue;
            }
            let body = model::ApiKey {
                set: item.name().to_string(),
                caller: name.name.to_string(),
                digest: Sha256::digest(value).to_vec(),
            };
            let object = ObjectRef {
                kind: Kind::Secret,
                namespace: name.namespace.clone(),
                name: name.name.clone(),
            };
            let origin = Origin {
                object,
                generation: 0,
                path: format!("data.{field}"),
            };
            let key = key("api-key", item.name(), &[&name.name, field]);
            pool.put(key.clone(), &origin, Body::ApiKey(body), Vec::new());
            keys.push(key);
        }
    }
    if keys.is_empty() {
        let at = Origin {
            path: format!("{base}.authentication.apiKeys.secretSelector"),
            ..item.at("")
        };
        let message = format!(
            "no Secret in namespace {namespace} has these labels, so every request is refused: label one, or correct the selector"
        );
        verdicts.add(&at, Finding::warning(Reason::SecretNotFound, "", message));
    }
    keys
}

fn attach(
    world: &World<'_>,
    item: &Item<RoutePolicySpec>,
    target: &TargetRef,
    path: &str,
    policies: &mut Policies,
    verdicts: &mut Verdicts,
) {
    let name = Name::new(item.name().namespace.clone(), target.name.as_str());
    let (kind, exists) = match target.kind {
        TargetKind::Gateway => (Kind::Gateway, world.gateways.contains_key(&name)),
        TargetKind::HTTPRoute => (Kind::HTTPRoute, world.routes.contains_key(&name)),
    };
    if !exists {
        let message = world.set.missing(kind, &name);
        verdicts.add(
            &item.at(path),
            Finding::error(Reason::TargetNotFound, "", message),
        );
        return;
    }
    if kind == Kind::Gateway && target.section_name.is_some() {
        let message = "a policy applies to all listeners of a Gateway: leave sectionName out, or name an HTTPRoute";
        verdicts.add(
            &item.at(format!("{path}.sectionName")),
            Finding::error(Reason::UnsupportedValue, "", message),
        );
        return;
    }
    let lost = conflicts(item, target, (kind, &name), policies, verdicts);
    let attached = policies.targets.entry((kind, name)).or_default();
    attached.push(Attached {
        section: target.section_name.clone(),
        policy: item.name().clone(),
        lost,
    });
}

/// What of a policy an older one of the same target has already (as Gateway API settles it, GEP-713), each told.
fn conflicts(
    item: &Item<RoutePolicySpec>,
    target: &TargetRef,
    (target_kind, name): (Kind, &Name),
    policies: &Policies,
    verdicts: &mut Verdicts,
) -> Vec<&'static str> {
    let older = policies
        .targets
        .get(&(target_kind, name.clone()))
        .map(Vec::as_slice)
        .unwrap_or_default();
    let has = |policy: &Name, single: &str| {
        policies
            .keys(policy)
            .unwrap_or_default()
            .iter()
            .any(|key| kind(key) == single)
    };
    let base = item.spec().ai().map_or("spec.ai", |(_, path)| path);
    let mut lost = Vec::new();
    for single in SINGLE.into_iter().filter(|single| has(item.name(), single)) {
        let same = older
            .iter()
            .filter(|a| a.section == target.section_name && a.policy != *item.name());
        let Some(first) = same.into_iter().find(|a| has(&a.policy, single)) else {
            continue;
        };
        let message = format!(
            "RoutePolicy {} has {single} for {target_kind} {name} too, and is older, so that its word counts: leave it out of one of them",
            first.policy
        );
        let at = item.at(format!("{base}.{single}"));
        verdicts.add(&at, Finding::warning(Reason::Conflicted, "", message));
        lost.push(single);
    }
    lost
}
