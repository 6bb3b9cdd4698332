//! Upstreams that are another one with a model of their own, as an identifier with `upstreamRef` and `model` is.

use sluice_crds::UpstreamSpec;
use sluice_snapshot::model::upstream::Kind as Compiled;

use super::reference::target;
use super::{Draft, provider, resolve};
use crate::item::Item;
use crate::pool::Pool;
use crate::verdict::Verdicts;
use crate::world::World;

/// The provider behind an Upstream that only gives it a model, and that model.
pub(super) fn of<'a>(
    world: &'a World<'_>,
    item: &'a Item<UpstreamSpec>,
) -> Option<(&'a Item<UpstreamSpec>, &'a str)> {
    let models = item.spec().ai().and_then(|(ai, _)| ai.models.as_ref())?;
    let [entry] = models.entries.as_slice() else {
        return None;
    };
    let model = entry.model.as_deref().filter(|m| !m.contains('*'))?;
    if entry.name != "*" || models.default.is_some() {
        return None;
    }
    let name = target(item, &entry.upstream);
    resolve(world, (item.referrer(), &item.name().namespace), &name).ok()?;
    let target = world.upstreams.get(&name)?;
    target
        .spec()
        .ai()
        .and_then(|(ai, _)| ai.provider())
        .map(|_| (target, model))
}

/// Compiles it to the provider itself, so that requests without a model have one, and need no second look.
pub(super) fn compile(
    world: &World<'_>,
    item: &Item<UpstreamSpec>,
    path: &str,
    pool: &mut Pool,
    verdicts: &mut Verdicts,
) -> Option<Draft> {
    let (target, model) = of(world, item)?;
    let (ai, target_path) = target.spec().ai()?;
    let (field, common) = ai.provider()?;
    let target_path = format!("{target_path}.{field}");
    let cx = provider::Context {
        world,
        item: target,
        ai,
        field,
        common,
        path: &target_path,
    };
    let mut draft = cx.compile(pool, verdicts);
    if let Compiled::Provider(provider) = &mut draft.kind
        && provider.model.is_empty()
    {
        model.clone_into(&mut provider.model);
    }
    draft.at = item.at(format!("{path}.models"));
    // What it stands for counts as used.
    draft
        .refs
        .push(crate::pool::key("upstream", target.name(), &[]));
    Some(draft)
}
