//! Upstreams.

mod alias;
mod identity;
mod models;
mod provider;
mod reference;
mod refused;

use std::collections::{BTreeMap, BTreeSet};

use sluice_crds::UpstreamSpec;
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::entry::Body;
use sluice_snapshot::model::{self, upstream::Kind as Compiled};
use sluice_vocab::{Finding, Kind, Origin, Reason};

use crate::item::Item;
use crate::pool::{Pool, key};
use crate::resources::Name;
use crate::verdict::Verdicts;
use crate::world::{World, disabled};

/// How many Upstreams a request may pass.
const MAX_DEPTH: usize = 8;

/// An Upstream on its way into the pool.
struct Draft {
    kind: Compiled,
    label: String,
    at: Origin,
    refs: Vec<EntryKey>,
    /// Upstreams that it leads to.
    next: Vec<Name>,
}

/// Compiles every Upstream into the pool.
pub(crate) fn compile(world: &World<'_>, pool: &mut Pool, verdicts: &mut Verdicts) {
    let mut drafts = BTreeMap::new();
    for (name, item) in &world.upstreams {
        drafts.insert(name.clone(), draft(world, item, pool, verdicts));
    }
    for (name, (at, why)) in &world.invalid {
        drafts
            .entry(name.clone())
            .or_insert_with(|| Draft::invalid(at.clone(), name.to_string(), why.clone()));
    }
    refuse_cycles(&mut drafts, verdicts);
    for (name, draft) in drafts {
        let upstream = model::Upstream {
            label: draft.label,
            kind: Some(draft.kind),
        };
        pool.put(
            key("upstream", &name, &[]),
            &draft.at,
            Body::Upstream(upstream),
            draft.refs,
        );
    }
}

/// Finds an Upstream that a route or another Upstream refers to.
pub(crate) fn resolve(
    world: &World<'_>,
    (referrer, namespace): (Kind, &str),
    name: &Name,
) -> Result<EntryKey, Finding> {
    crate::grant::check(
        &world.set.reference_grants,
        (referrer, namespace),
        (Kind::Upstream, name),
    )?;
    if world.upstreams.contains_key(name) || world.invalid.contains_key(name) {
        return Ok(key("upstream", name, &[]));
    }
    Err(Finding::error(
        Reason::BackendNotFound,
        "",
        world.set.missing(Kind::Upstream, name),
    ))
}

impl Draft {
    fn invalid(at: Origin, label: String, why: String) -> Self {
        Self {
            kind: Compiled::Invalid(why),
            label,
            at,
            refs: Vec::new(),
            next: Vec::new(),
        }
    }
}

fn draft(
    world: &World<'_>,
    item: &Item<UpstreamSpec>,
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Draft {
    let refuse = |at: Origin, finding: Finding, verdicts: &mut Verdicts| {
        verdicts.add(&at, finding.clone());
        Draft::invalid(at, item.label.clone(), finding.message)
    };
    if !world.settings.ai_enabled {
        return refuse(item.at(""), disabled(), verdicts);
    }
    let Some((ai, path)) = item.spec().ai() else {
        let finding = Finding::error(Reason::Invalid, "", "spec.ai has to be set");
        return refuse(item.at("spec"), finding, verdicts);
    };
    if item.spec().options.is_some() {
        let message = "options.ai is an older spelling: write spec.ai";
        verdicts.add(
            &item.at("spec.options"),
            Finding::warning(Reason::Deprecated, "", message),
        );
    }
    if let Some((field, common)) = ai.provider() {
        let path = format!("{path}.{field}");
        let cx = provider::Context {
            world,
            item,
            ai,
            field,
            common,
            path: &path,
        };
        return cx.compile(pool, verdicts);
    }
    if let Some(draft) = alias::compile(world, item, path, pool, verdicts) {
        return draft;
    }
    match &ai.models {
        Some(models) => models::compile(
            world,
            item,
            models,
            &format!("{path}.models"),
            pool,
            verdicts,
        ),
        None => {
            let finding = Finding::error(Reason::Invalid, "", "a provider or models has to be set");
            refuse(item.at(path), finding, verdicts)
        }
    }
}

/// An Upstream that leads back to itself, or too far, answers with an error instead.
fn refuse_cycles(drafts: &mut BTreeMap<Name, Draft>, verdicts: &mut Verdicts) {
    let mut ends: BTreeSet<Name> = BTreeSet::new();
    for _ in 0..MAX_DEPTH {
        // Those that lead only to Upstreams which were found to end in an earlier round.
        let found = drafts
            .iter()
            .filter(|(_, draft)| draft.next.iter().all(|next| ends.contains(next)));
        let found: Vec<Name> = found.map(|(name, _)| name.clone()).collect();
        ends.extend(found);
    }
    for (name, draft) in drafts.iter_mut().filter(|(name, _)| !ends.contains(*name)) {
        let message = format!(
            "references from Upstream {name} lead back to where they began, or pass more than {MAX_DEPTH} Upstreams"
        );
        verdicts.add(
            &draft.at,
            Finding::error(Reason::ReferenceCycle, "", message.as_str()),
        );
        *draft = Draft::invalid(draft.at.clone(), draft.label.clone(), message);
    }
}
