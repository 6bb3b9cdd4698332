//! HTTPRoutes.

mod backend;
mod filter;
mod matches;
mod parent;

use sluice_crds::gateway_api::httproutes::{HttpRouteRules, HttpRouteSpec};
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, backend::Target};
use sluice_vocab::{Duration, Finding, Kind, Origin, Reason};

use crate::expand::PROMPT_TYPE;
use crate::item::Item;
use crate::policy::Policies;
use crate::pool::key;
use crate::resources::Name;
use crate::topology::Route;
use crate::verdict::Verdicts;
use crate::world::World;

pub(crate) use parent::Attachment;

/// One rule, before it is known to which listeners it goes.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) key: EntryKey,
    pub(crate) at: Origin,
    pub(crate) body: model::Route,
    pub(crate) refs: Vec<EntryKey>,
}

/// A route with its rules compiled and its listeners found.
pub(crate) struct Compiled {
    pub(crate) rules: Vec<Draft>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) route: Route,
}

/// Compiles every HTTPRoute that has a parent of ours.
pub(crate) fn compile(
    world: &World<'_>,
    gateways: &crate::gateway::Gateways<'_>,
    policies: &Policies,
    verdicts: &mut Verdicts,
) -> Vec<Compiled> {
    let mut compiled = Vec::new();
    for item in world.routes.values() {
        let Some((attachments, parents)) = parent::attach(world, gateways, item, verdicts) else {
            continue;
        };
        let rules = item.spec().rules.iter().flatten().enumerate();
        let rules = rules
            .map(|(i, rule)| {
                Rule {
                    world,
                    item,
                    policies,
                    rule,
                    index: i,
                }
                .compile(verdicts)
            })
            .collect();
        let route = Route {
            name: item.name().clone(),
            at: item.at(""),
            parents,
            rules: count(item),
        };
        compiled.push(Compiled {
            rules,
            attachments,
            route,
        });
    }
    compiled
}

fn count(item: &Item<HttpRouteSpec>) -> usize {
    item.spec().rules.iter().flatten().count()
}

/// A rule that is being compiled.
struct Rule<'a> {
    world: &'a World<'a>,
    item: &'a Item<HttpRouteSpec>,
    policies: &'a Policies,
    rule: &'a HttpRouteRules,
    index: usize,
}

impl Rule<'_> {
    /// The place of a field of the rule.
    fn at(&self, field: &str) -> Origin {
        self.item.at(format!("spec.rules[{}]{field}", self.index))
    }

    fn compile(&self, verdicts: &mut Verdicts) -> Draft {
        let meta = &self.item.object.meta;
        let rule = u32::try_from(self.index).unwrap_or(u32::MAX);
        let mut body = model::Route {
            created: meta.created,
            rank: meta.name.to_string(),
            rule,
            label: self.item.label.clone(),
            prompt_type: meta
                .annotations
                .get(PROMPT_TYPE)
                .cloned()
                .unwrap_or_default(),
            ..model::Route::default()
        };
        let mut refs = Vec::new();
        body.matches = self.matches(verdicts);
        self.timeouts(&mut body, verdicts);
        let broken = self.filters(&mut body, verdicts);
        let policies = self.route_policies(verdicts);
        self.backends(&mut body, &mut refs, verdicts);
        let broken = broken.or(policies.broken);
        if let Some(why) = broken {
            // A filter that cannot be applied must not be skipped: its requests get an error.
            body.redirect = None;
            body.backends = vec![model::Backend {
                weight: 1,
                target: Some(Target::Invalid(why)),
                request_headers: None,
            }];
        }
        body.policies = policies
            .keys
            .iter()
            .map(|k| k.as_str().to_owned())
            .collect();
        refs.extend(policies.keys);
        Draft {
            key: key("route", &meta.name, &[&self.index.to_string()]),
            at: self.at(""),
            body,
            refs,
        }
    }

    fn timeouts(&self, body: &mut model::Route, verdicts: &mut Verdicts) {
        let Some(timeouts) = &self.rule.timeouts else {
            return;
        };
        let mut read = |text: &Option<String>, field: &str| {
            let parsed = text.as_deref().map(str::parse::<Duration>);
            match parsed {
                Some(Ok(duration)) => u64::try_from(duration.get().as_millis()).unwrap_or(0),
                Some(Err(error)) => {
                    let at = self.at(&format!(".timeouts.{field}"));
                    verdicts.add(&at, Finding::error(Reason::Invalid, "", error.to_string()));
                    0
                }
                None => 0,
            }
        };
        body.request_timeout_ms = read(&timeouts.request, "request");
        body.backend_timeout_ms = read(&timeouts.backend_request, "backendRequest");
    }

    /// Policies of the route, then those of the rule's own filters.
    fn route_policies(&self, verdicts: &mut Verdicts) -> RoutePolicies {
        let mut found = RoutePolicies::default();
        let section = self.rule.name.as_deref();
        for (name, keys) in self.policies.of(Kind::HTTPRoute, self.item.name(), section) {
            found.add(&keys);
            self.warn_without_effect(name, verdicts);
        }
        for (i, filter) in self.rule.filters.iter().flatten().enumerate() {
            let Some(reference) = filter
                .extension_ref
                .as_ref()
                .filter(|r| filter::is_policy(r))
            else {
                continue;
            };
            let name = Name::new(self.item.name().namespace.clone(), reference.name.as_str());
            if let Some(keys) = self.policies.keys(&name) {
                found.add(keys);
                self.warn_without_effect(&name, verdicts);
                continue;
            }
            let message = self.world.set.missing(Kind::RoutePolicy, &name);
            let at = self.at(&format!(".filters[{i}].extensionRef"));
            verdicts.add(
                &at,
                Finding::error(Reason::PolicyNotFound, "", message.as_str()),
            );
            found.broken = Some(message);
        }
        found
    }

    /// RoutePolicies speak of prompts and models, so they need a backend that is an Upstream.
    fn warn_without_effect(&self, policy: &Name, verdicts: &mut Verdicts) {
        let is_ai = self
            .rule
            .backend_refs
            .iter()
            .flatten()
            .any(|b| b.kind.as_deref() == Some("Upstream"));
        if let Some(policy) = self.world.policies.get(policy).filter(|_| !is_ai) {
            let message = format!(
                "attached to rule {} of HTTPRoute {}, which has no Upstream as backend: policies for AI have no effect there",
                self.index,
                self.item.name()
            );
            verdicts.add(
                &policy.at(""),
                Finding::warning(Reason::NoEffect, "", message),
            );
        }
    }
}

/// The policies of a rule.
#[derive(Default)]
struct RoutePolicies {
    keys: Vec<EntryKey>,
    /// Why the rule must not serve requests.
    broken: Option<String>,
}

impl RoutePolicies {
    /// Adds policies; one that is there already moves to the end.
    fn add(&mut self, keys: &[EntryKey]) {
        self.keys.retain(|k| !keys.contains(k));
        self.keys.extend(keys.iter().cloned());
    }
}
