//! Everything that status is made of, at one moment.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use sluice_compiler::Verdict;
use sluice_compiler::condition::Delivery;
use sluice_proto::session::Ledger;
use sluice_vocab::{GatewayKey, Kind, ObjectRef};

use super::own;
use crate::delivery::{Count, Deliveries, Heard};
use crate::provision::{Findings, Provisioned};
use crate::release::Compiled;

/// What the operator made in the cluster.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) workloads: &'a Provisioned,
    pub(super) projections: &'a Findings,
}

impl Made<'_> {
    /// A verdict, and what went wrong with what was made of the resource.
    fn judge<'v>(&self, object: &ObjectRef, verdict: &'v Verdict) -> Cow<'v, Verdict> {
        let found = [self.workloads.findings.get(object), self.projections.get(object)];
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
    pub(super) heard: BTreeMap<GatewayKey, Heard<'a>>,
    pub(super) now: String,
}

impl<'a> View<'a> {
    pub(super) fn new(
        compiled: &'a Compiled,
        made: Made<'a>,
        ledger: &'a Ledger,
        releases: &'a BTreeMap<GatewayKey, sluice_proto::session::Release>,
    ) -> Self {
        let heard = |gateway: &GatewayKey| Heard {
            reports: ledger.reports(gateway).collect(),
            release: releases.get(gateway),
        };
        let heard = compiled.facts.keys().map(|g| (g.clone(), heard(g))).collect();
        let now = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default().to_string();
        Self { compiled, made, heard, now }
    }

    /// The status that an object should have, if it is one that gets any; `live` is what it has.
    pub(super) fn desired(
        &self,
        object: &ObjectRef,
        verdict: &Verdict,
        live: &Value,
        deliveries: &mut Deliveries,
    ) -> Option<Value> {
        let delivery = deliveries.of(object, verdict, &self.heard);
        let verdict = &*self.made.judge(object, verdict);
        match object.kind {
            Kind::Upstream | Kind::RoutePolicy => Some(own::object(verdict, &delivery, live, &self.now)),
            Kind::AIGateway => Some(self.ai_gateway(object, verdict, &delivery, live, deliveries)),
            _ => None,
        }
    }

    fn ai_gateway(
        &self,
        object: &ObjectRef,
        verdict: &Verdict,
        delivery: &Delivery,
        live: &Value,
        deliveries: &Deliveries,
    ) -> Value {
        let key = GatewayKey { namespace: object.namespace.clone(), name: object.name.clone() };
        let count = self.heard.get(&key).map_or(Count::default(), |heard| deliveries.count(&key, heard));
        let facts = self.compiled.facts.get(&key);
        let port = facts.and_then(|f| f.listeners.first()).and_then(|l| u16::try_from(l.port).ok());
        let gateway = own::Gateway {
            count,
            addresses: self.made.workloads.addresses.get(&key).map(Vec::as_slice).unwrap_or_default(),
            paths: self.paths(object),
            port: port.unwrap_or(80),
        };
        own::ai_gateway(verdict, delivery, &gateway, live, &self.now)
    }

    /// Paths that an AIGateway serves, and the models at each: those of its generated routes.
    fn paths(&self, object: &ObjectRef) -> Vec<(String, Vec<String>)> {
        let Some(expanded) = self.compiled.compilation.expanded.get(object) else { return Vec::new() };
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
