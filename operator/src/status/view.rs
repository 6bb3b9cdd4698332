//! Everything that status is made of, at one moment.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use sluice_compiler::condition::{self, Delivery};
use sluice_compiler::resources::Name;
use sluice_compiler::{Expanded, Verdict, topology};
use sluice_session::Ledger;
use sluice_vocab::{Finding, GatewayKey, Kind, ObjectRef};

use super::writer::Written;
use super::{gateway_api, own};
use crate::delivery::{Count, Deliveries, Heard};
use crate::provision::{Findings, Pods, Provisioned};
use crate::release::Compiled;
use crate::world::Mirror;

/// What the operator made in the cluster.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) workloads: &'a Provisioned,
    pub(super) projections: &'a Findings,
    /// The version of Gateway API's CRDs.
    pub(super) bundle: Option<&'a str>,
    /// Under which name we write.
    pub(super) controller: &'a str,
}

impl Made<'_> {
    /// A verdict, and what went wrong with what was made of the resource.
    fn judge<'v>(&self, object: &ObjectRef, verdict: &'v Verdict) -> Cow<'v, Verdict> {
        // What carries an AIGateway's traffic is its Gateway's, which has its name.
        let gateway = ObjectRef {
            kind: Kind::Gateway,
            ..object.clone()
        };
        let twin = self
            .workloads
            .findings
            .get(&gateway)
            .filter(|_| object.kind == Kind::AIGateway);
        let found = [
            self.workloads.findings.get(object),
            self.projections.get(object),
            twin,
        ];
        let mut more = found.into_iter().flatten().flatten().peekable();
        if more.peek().is_none() {
            return Cow::Borrowed(verdict);
        }
        let mut verdict = verdict.clone();
        verdict.findings.extend(more.cloned());
        verdict.findings.sort();
        Cow::Owned(verdict)
    }
}

/// The newest of everything.
pub(super) struct View<'a> {
    pub(super) compiled: &'a Compiled,
    pub(super) made: Made<'a>,
    pub(super) mirror: &'a Mirror,
    pub(super) written: &'a BTreeMap<ObjectRef, Written>,
    pub(super) heard: BTreeMap<GatewayKey, Heard<'a>>,
    pub(super) now: String,
}

impl<'a> View<'a> {
    pub(super) fn new(
        compiled: &'a Compiled,
        made: Made<'a>,
        mirror: &'a Mirror,
        written: &'a BTreeMap<ObjectRef, Written>,
        ledger: &'a Ledger,
        releases: &'a BTreeMap<GatewayKey, sluice_session::Release>,
    ) -> Self {
        let heard = |gateway: &GatewayKey| Heard {
            reports: ledger.reports(gateway).collect(),
            release: releases.get(gateway),
        };
        let heard = compiled
            .facts
            .keys()
            .map(|g| (g.clone(), heard(g)))
            .collect();
        let now = jiff::Timestamp::now()
            .round(jiff::Unit::Second)
            .unwrap_or_default()
            .to_string();
        Self {
            compiled,
            made,
            mirror,
            written,
            heard,
            now,
        }
    }

    /// The status that each object should have, of those that get any.
    pub(super) fn desired(&self, deliveries: &mut Deliveries) -> Vec<(ObjectRef, Value)> {
        let mut all = Vec::new();
        for (object, verdict) in &self.compiled.compilation.verdicts {
            if matches!(
                object.kind,
                Kind::Upstream | Kind::RoutePolicy | Kind::AIGateway
            ) {
                all.extend(
                    self.own(object, verdict, deliveries)
                        .map(|status| (object.clone(), status)),
                );
            }
        }
        for (parent, expanded) in &self.compiled.compilation.expanded {
            all.extend(self.projections(parent, expanded, deliveries));
        }
        let topology = &self.compiled.compilation.topology;
        for (name, gateway) in &topology.gateways {
            all.extend(self.gateway(name, gateway, deliveries));
        }
        for object in self.mirror.keys().filter(|o| o.kind == Kind::HTTPRoute) {
            all.extend(self.route(object).map(|status| (object.clone(), status)));
        }
        for (object, generation) in &self.compiled.classes {
            let status = self
                .live(object)
                .map(|l| gateway_api::class(*generation, self.made.bundle, l, &self.now));
            all.extend(status.map(|status| (object.clone(), status)));
        }
        all
    }

    /// The status that an object has, or will have when what was written is seen.
    fn live(&self, object: &ObjectRef) -> Option<&'a Value> {
        let live = self.mirror.get(object)?;
        Some(self.written.get(object).map_or(&live.status, |w| &w.status))
    }

    fn own(
        &self,
        object: &ObjectRef,
        verdict: &Verdict,
        deliveries: &mut Deliveries,
    ) -> Option<Value> {
        let live = self.live(object)?;
        let delivery = deliveries.of(object, verdict, &self.heard);
        let verdict = &*self.made.judge(object, verdict);
        Some(match object.kind {
            Kind::AIGateway => self.ai_gateway(object, verdict, &delivery, live, deliveries),
            _ => own::object(verdict, &delivery, live, &self.now),
        })
    }

    /// Upstreams and RoutePolicies that an AIGateway stands for: what its verdict says about the field that each came from.
    fn projections(
        &self,
        parent: &ObjectRef,
        expanded: &Expanded,
        deliveries: &mut Deliveries,
    ) -> Vec<(ObjectRef, Value)> {
        let Some(verdict) = self.compiled.compilation.verdicts.get(parent) else {
            return Vec::new();
        };
        let Some(uid) = self.mirror.get(parent).map(|live| live.uid.as_str()) else {
            return Vec::new();
        };
        let delivery = deliveries.of(parent, verdict, &self.heard);
        let upstreams = expanded
            .upstreams
            .iter()
            .map(|g| (Kind::Upstream, &g.object.meta.name, &g.path));
        let policies = expanded
            .route_policies
            .iter()
            .map(|g| (Kind::RoutePolicy, &g.object.meta.name, &g.path));
        let mut all = Vec::new();
        for (kind, name, path) in upstreams.chain(policies) {
            let object = ObjectRef {
                kind,
                namespace: name.namespace.clone(),
                name: name.name.clone(),
            };
            let Some(there) = self
                .mirror
                .get(&object)
                .filter(|live| live.controller == uid)
            else {
                continue;
            };
            let findings = within(verdict, path).into_iter().cloned().collect();
            let generation = there.generation;
            let judged = Verdict {
                generation,
                findings,
                gateways: verdict.gateways.clone(),
            };
            let Some(live) = self.live(&object) else {
                continue;
            };
            let status = own::object(&judged, &delivery, live, &self.now);
            all.push((object, status));
        }
        all
    }

    fn gateway(
        &self,
        name: &Name,
        gateway: &topology::Gateway,
        deliveries: &mut Deliveries,
    ) -> Option<(ObjectRef, Value)> {
        let key = GatewayKey {
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        let object = ObjectRef {
            kind: Kind::Gateway,
            namespace: name.namespace.clone(),
            name: name.name.clone(),
        };
        let verdict = self.compiled.compilation.verdicts.get(&gateway.at.object)?;
        let there = self.mirror.get(&object)?;
        let mut delivery = deliveries.of(&gateway.at.object, verdict, &self.heard);
        let rejected = of_listeners_alone(&mut delivery);
        let is_own = gateway.at.object == object;
        let judged = self.made.judge(&object, verdict);
        let (mut of_listeners, mut whole) = (vec![Vec::new(); gateway.listeners.len()], Vec::new());
        for finding in judged.findings.iter().chain(&rejected) {
            match listener(&finding.path).filter(|i| is_own && *i < of_listeners.len()) {
                Some(i) => of_listeners[i].push(finding),
                // An AIGateway's own findings are said of it.
                None if is_own
                    || self
                        .made
                        .workloads
                        .findings
                        .get(&object)
                        .is_some_and(|f| f.contains(finding)) =>
                {
                    whole.push(finding);
                }
                None => {}
            }
        }
        let programmed = condition::derive(verdict, &delivery)
            .into_iter()
            .find(|c| c.kind == "Programmed")?;
        let known = gateway_api::Gateway {
            generation: if is_own {
                gateway.at.generation
            } else {
                there.generation
            },
            findings: whole,
            listeners: gateway.listeners.iter().zip(of_listeners).collect(),
            delivered: programmed,
            count: self
                .heard
                .get(&key)
                .map_or(Count::default(), |heard| deliveries.count(&key, heard)),
            addresses: self
                .made
                .workloads
                .addresses
                .get(&key)
                .map(Vec::as_slice)
                .unwrap_or_default(),
            pods: self.pods(&key),
        };
        let status = gateway_api::gateway(&known, self.live(&object)?, &self.now);
        Some((object, status))
    }

    fn pods(&self, gateway: &GatewayKey) -> Pods {
        self.made
            .workloads
            .pods
            .get(gateway)
            .copied()
            .unwrap_or_default()
    }

    fn route(&self, object: &ObjectRef) -> Option<Value> {
        let live = self.live(object)?;
        let name = Name {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        };
        let controller = self.made.controller;
        let Some(route) = self.compiled.compilation.topology.routes.get(&name) else {
            return gateway_api::without_ours(controller, live);
        };
        let verdict = self.compiled.compilation.verdicts.get(&route.at.object)?;
        let findings: Vec<&Finding> = within(verdict, &route.at.path);
        let findings: Vec<&Finding> = findings
            .into_iter()
            .filter(|f| !f.path.starts_with("spec.parentRefs["))
            .collect();
        let is_own = route.at.object == *object;
        let generation = if is_own {
            route.at.generation
        } else {
            self.mirror.get(object)?.generation
        };
        Some(gateway_api::parents(
            route, generation, &findings, controller, live, &self.now,
        ))
    }

    fn ai_gateway(
        &self,
        object: &ObjectRef,
        verdict: &Verdict,
        delivery: &Delivery,
        live: &Value,
        deliveries: &Deliveries,
    ) -> Value {
        let key = GatewayKey {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        };
        let count = self
            .heard
            .get(&key)
            .map_or(Count::default(), |heard| deliveries.count(&key, heard));
        let facts = self.compiled.facts.get(&key);
        let port = facts
            .and_then(|f| f.listeners.first())
            .and_then(|l| u16::try_from(l.port).ok());
        let gateway = own::Gateway {
            count,
            addresses: self
                .made
                .workloads
                .addresses
                .get(&key)
                .map(Vec::as_slice)
                .unwrap_or_default(),
            paths: self.paths(object),
            port: port.unwrap_or(80),
            pods: self.pods(&key),
        };
        own::ai_gateway(verdict, delivery, &gateway, live, &self.now)
    }

    /// Paths that an AIGateway serves, and the models at each: those of its generated routes.
    fn paths(&self, object: &ObjectRef) -> Vec<(String, Vec<String>)> {
        let Some(expanded) = self.compiled.compilation.expanded.get(object) else {
            return Vec::new();
        };
        let mut paths: Vec<(String, Vec<String>)> = Vec::new();
        for route in &expanded.http_routes {
            let rules = route.object.spec.rules.iter().flatten();
            let matches = rules.flat_map(|rule| rule.matches.iter().flatten());
            for path in matches.filter_map(|m| m.path.as_ref()?.value.clone()) {
                if !paths.iter().any(|(known, _)| *known == path) {
                    paths.push((path, Vec::new()));
                }
            }
        }
        paths
    }
}

/// Findings about a field, or anything in it; all when the path is empty.
fn within<'a>(verdict: &'a Verdict, path: &str) -> Vec<&'a Finding> {
    let is_within = |f: &&Finding| {
        let rest = f.path.strip_prefix(path);
        path.is_empty() || rest.is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
    };
    verdict.findings.iter().filter(is_within).collect()
}

/// Takes what data planes reject of single listeners. When that is all, they have the rest.
fn of_listeners_alone(delivery: &mut Delivery) -> Vec<Finding> {
    let Delivery::Rejected(findings) = delivery else {
        return Vec::new();
    };
    let (of_listeners, others): (Vec<_>, Vec<_>) = std::mem::take(findings)
        .into_iter()
        .partition(|f| listener(&f.path).is_some());
    *delivery = if others.is_empty() {
        Delivery::Acknowledged
    } else {
        Delivery::Rejected(others)
    };
    of_listeners
}

/// Which listener a path is about.
fn listener(path: &str) -> Option<usize> {
    path.strip_prefix("spec.listeners[")?
        .split(']')
        .next()?
        .parse()
        .ok()
}
