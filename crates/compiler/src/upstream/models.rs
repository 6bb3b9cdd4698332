//! Upstreams that choose by the model's name.

use sluice_crds::upstream::{Entry, Models};
use sluice_crds::{UpstreamRef, UpstreamSpec};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::entry::Body;
use sluice_snapshot::model::{self, upstream::Kind as Compiled};
use sluice_vocab::{Finding, Reason};

use super::reference::target;
use super::{Draft, resolve};
use crate::item::Item;
use crate::pool::{Pool, key};
use crate::resources::Name;
use crate::verdict::Verdicts;
use crate::world::World;

/// Compiles the entries; one whose Upstream is missing answers with an error, the others work.
pub(super) fn compile(
    world: &World<'_>,
    item: &Item<UpstreamSpec>,
    models: &Models,
    path: &str,
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Draft {
    let mut links = Links {
        world,
        item,
        pool,
        verdicts,
        refs: Vec::new(),
        next: Vec::new(),
    };
    let mut compiled = Vec::new();
    for (i, entry) in models.entries.iter().enumerate() {
        let at = format!("{path}.entries[{i}]");
        let again = |e: &Entry| e.name == entry.name && e.rank == entry.rank;
        if models.entries[..i].iter().any(again) {
            let message = format!("{} is there twice: keep one of them", entry.name);
            links.verdicts.add(
                &item.at(format!("{at}.name")),
                Finding::error(Reason::DuplicateName, "", message),
            );
            continue;
        }
        let upstream = links.key(&entry.upstream, &format!("{at}.ref"), &format!("entry-{i}"));
        compiled.push(model_of(world, item, entry, &upstream));
    }
    let default = models
        .default
        .as_ref()
        .map(|r| links.key(r, &format!("{path}.default"), "default"));
    let default_upstream = default
        .map(|key| key.as_str().to_owned())
        .unwrap_or_default();
    let (refs, next) = (links.refs, links.next);
    let kind = Compiled::Models(model::Models {
        models: compiled,
        default_upstream,
    });
    Draft {
        kind,
        label: item.label.clone(),
        at: item.at(path),
        refs,
        next,
    }
}

fn model_of(
    world: &World<'_>,
    item: &Item<UpstreamSpec>,
    entry: &Entry,
    upstream: &EntryKey,
) -> model::Model {
    let target = world.upstreams.get(&target(item, &entry.upstream));
    let target = target.map(|t| super::alias::of(world, t).map_or(t, |(provider, _)| provider));
    let provider = target
        .and_then(|t| t.spec().ai())
        .and_then(|(ai, _)| ai.provider());
    model::Model {
        name: entry.name.clone(),
        upstream: upstream.as_str().to_owned(),
        model: entry.model.clone().unwrap_or_default(),
        description: entry.description.clone().unwrap_or_default(),
        listed: entry.listed && !entry.name.contains('*'),
        owner: target.map(|t| t.label.clone()).unwrap_or_default(),
        provider: provider
            .map(|(kind, _)| kind.to_owned())
            .unwrap_or_default(),
        rank: u32::try_from(entry.rank).unwrap_or_default(),
    }
}

/// References to other Upstreams while they are followed.
struct Links<'a> {
    world: &'a World<'a>,
    item: &'a Item<UpstreamSpec>,
    pool: &'a mut Pool,
    verdicts: &'a mut Verdicts,
    refs: Vec<EntryKey>,
    next: Vec<Name>,
}

impl Links<'_> {
    /// The key of what is referred to, or of an entry that says why there is nothing.
    fn key(&mut self, reference: &UpstreamRef, path: &str, part: &str) -> EntryKey {
        let name = target(self.item, reference);
        let from = (self.item.referrer(), &*self.item.name().namespace);
        let found = match resolve(self.world, from, &name) {
            Ok(found) => {
                self.next.push(name);
                found
            }
            Err(finding) => {
                let at = self.item.at(path);
                let why = Compiled::Invalid(finding.message.clone());
                self.verdicts.add(&at, finding);
                let key = key("upstream", self.item.name(), &[part]);
                let body = model::Upstream {
                    label: name.to_string(),
                    kind: Some(why),
                };
                self.pool
                    .put(key.clone(), &at, Body::Upstream(body), Vec::new());
                key
            }
        };
        self.refs.push(found.clone());
        found
    }
}
