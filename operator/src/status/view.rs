//! Everything that status is made of, at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sluice_compiler::condition::Delivery;
use sluice_compiler::resources::Name;
use sluice_compiler::{Expanded, Verdict, topology};
use sluice_session::Ledger;
use sluice_vocab::{Finding, GatewayKey, Kind, ObjectRef};

use super::case::{Case, GatewayCase};
use super::own;
use crate::delivery::{Deliveries, Said};
use crate::provision::{Findings, Pods, Provisioned};
use crate::release::Compiled;
use crate::world::Mirror;

/// The newest of everything, none of it locked.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) compiled: Arc<Compiled>,
    pub(super) mirror: Arc<Mirror>,
    pub(super) workloads: Arc<Provisioned>,
    pub(super) projections: Arc<Findings>,
    pub(super) ledger: Arc<Ledger>,
    /// The version of Gateway API's CRDs.
    pub(super) bundle: Option<String>,
}

/// Which AIGateway stands behind an object, and the field that it came from.
pub(super) type Projected = BTreeMap<ObjectRef, (ObjectRef, String)>;

/// What is known, object by object.
pub(super) struct View<'a> {
    pub(super) moment: &'a Moment,
    pub(super) projected: &'a Projected,
    pub(super) said: &'a BTreeMap<GatewayKey, Said>,
    /// Under which name we write.
    pub(super) controller: &'a str,
}

/// Upstreams and RoutePolicies that AIGateways stand for.
pub(super) fn projected(expanded: &BTreeMap<ObjectRef, Expanded>) -> Projected {
    let mut all = Projected::new();
    for (parent, expanded) in expanded {
        let upstreams = expanded
            .upstreams
            .iter()
            .map(|g| (Kind::Upstream, &g.object.meta.name, &g.path));
        let policies = expanded
            .route_policies
            .iter()
            .map(|g| (Kind::RoutePolicy, &g.object.meta.name, &g.path));
        for (kind, name, path) in upstreams.chain(policies) {
            all.insert(object(kind, name), (parent.clone(), path.clone()));
        }
    }
    all
}

impl View<'_> {
    /// What the status of an object is made of, if it gets any.
    pub(super) fn case(
        &self,
        object: &ObjectRef,
        live: &Value,
        deliveries: &mut Deliveries,
    ) -> Option<Case> {
        match object.kind {
            Kind::Upstream | Kind::RoutePolicy => self.own(object, deliveries),
            Kind::AIGateway => self.ai_gateway(object, deliveries),
            Kind::Gateway => self.gateway(object, deliveries),
            Kind::HTTPRoute => self.route(object, live),
            Kind::GatewayClass => self.class(object),
            _ => None,
        }
    }

    fn verdict(&self, object: &ObjectRef) -> Option<&Verdict> {
        self.moment.compiled.compilation.verdicts.get(object)
    }

    fn own(&self, object: &ObjectRef, deliveries: &mut Deliveries) -> Option<Case> {
        let Some(verdict) = self.verdict(object) else {
            return self.projection(object, deliveries);
        };
        let delivery = deliveries.of(object, verdict, self.said);
        Some(Case::Own(self.judge(object, verdict), delivery))
    }

    /// What an AIGateway's verdict says about the field that the object came from.
    fn projection(&self, object: &ObjectRef, deliveries: &mut Deliveries) -> Option<Case> {
        let (parent, path) = self.projected.get(object)?;
        let verdict = self.verdict(parent)?;
        let uid = &self.moment.mirror.get(parent)?.uid;
        let there = self.moment.mirror.get(object)?;
        if there.controller != *uid {
            return None;
        }
        let delivery = deliveries.of(parent, verdict, self.said);
        let judged = Verdict {
            generation: there.generation,
            findings: within(verdict, path),
            gateways: verdict.gateways.clone(),
        };
        Some(Case::Own(judged, delivery))
    }

    fn ai_gateway(&self, object: &ObjectRef, deliveries: &mut Deliveries) -> Option<Case> {
        let verdict = self.verdict(object)?;
        let delivery = deliveries.of(object, verdict, self.said);
        let key = key(object);
        let facts = self.moment.compiled.facts.get(&key);
        let port = facts
            .and_then(|f| f.listeners.first())
            .and_then(|l| u16::try_from(l.port).ok());
        let gateway = own::AIGatewayCase {
            count: self.said.get(&key).map(Said::count).unwrap_or_default(),
            addresses: self.addresses(&key),
            paths: self.paths(object),
            port: port.unwrap_or(80),
            pods: self.pods(&key),
        };
        Some(Case::AIGateway(
            self.judge(object, verdict),
            delivery,
            gateway,
        ))
    }

    fn gateway(&self, object: &ObjectRef, deliveries: &mut Deliveries) -> Option<Case> {
        let compilation = &self.moment.compiled.compilation;
        let gateway = compilation.topology.gateways.get(&name(object))?;
        let verdict = self.verdict(&gateway.at.object)?;
        let there = self.moment.mirror.get(object)?;
        let mut delivery = deliveries.of(&gateway.at.object, verdict, self.said);
        let rejected = of_listeners_alone(&mut delivery);
        let is_own = gateway.at.object == *object;
        let (findings, of_listeners) = self.part(object, gateway, verdict, rejected);
        let key = key(object);
        Some(Case::Gateway(GatewayCase {
            generation: if is_own {
                gateway.at.generation
            } else {
                there.generation
            },
            verdict: verdict.clone(),
            delivery,
            findings,
            listeners: gateway
                .listeners
                .iter()
                .cloned()
                .zip(of_listeners)
                .collect(),
            count: self.said.get(&key).map(Said::count).unwrap_or_default(),
            addresses: self.addresses(&key),
            pods: self.pods(&key),
        }))
    }

    /// Findings of a Gateway as a whole, and of each of its listeners.
    fn part(
        &self,
        object: &ObjectRef,
        gateway: &topology::Gateway,
        verdict: &Verdict,
        rejected: Vec<Finding>,
    ) -> (Vec<Finding>, Vec<Vec<Finding>>) {
        let is_own = gateway.at.object == *object;
        let made = self.moment.workloads.findings.get(object);
        let is_made = |finding: &Finding| made.is_some_and(|f| f.contains(finding));
        let (mut whole, mut of_listeners) = (Vec::new(), vec![Vec::new(); gateway.listeners.len()]);
        let judged = self.judge(object, verdict).findings;
        for finding in judged.into_iter().chain(rejected) {
            match listener(&finding.path).filter(|i| is_own && *i < of_listeners.len()) {
                Some(i) => of_listeners[i].push(finding),
                // An AIGateway's own findings are said of it.
                None if is_own || is_made(&finding) => whole.push(finding),
                None => {}
            }
        }
        (whole, of_listeners)
    }

    fn route(&self, object: &ObjectRef, live: &Value) -> Option<Case> {
        let compilation = &self.moment.compiled.compilation;
        let controller = self.controller.to_owned();
        let Some(route) = compilation.topology.routes.get(&name(object)) else {
            // One that can't be read says what it said: nobody knows what it names now.
            let is_read = !compilation.unreadable.contains(object);
            let is_empty = live.get("parents").is_none();
            return (is_read && !is_empty).then_some(Case::ForeignRoute { controller });
        };
        let verdict = self.verdict(&route.at.object)?;
        let mut findings = within(verdict, &route.at.path);
        findings.retain(|f| !f.path.starts_with("spec.parentRefs["));
        let generation = if route.at.object == *object {
            route.at.generation
        } else {
            self.moment.mirror.get(object)?.generation
        };
        Some(Case::Route {
            route: route.clone(),
            generation,
            findings,
            controller,
        })
    }

    fn class(&self, object: &ObjectRef) -> Option<Case> {
        let classes = &self.moment.compiled.classes;
        let (_, generation) = classes.iter().find(|(class, _)| class == object)?;
        Some(Case::Class {
            generation: *generation,
            bundle: self.moment.bundle.clone(),
        })
    }

    /// A verdict, and what went wrong with what was made of the resource.
    fn judge(&self, object: &ObjectRef, verdict: &Verdict) -> Verdict {
        // What carries an AIGateway's traffic is its Gateway's, which has its name.
        let gateway = ObjectRef {
            kind: Kind::Gateway,
            ..object.clone()
        };
        let made = &self.moment.workloads.findings;
        let twin = made
            .get(&gateway)
            .filter(|_| object.kind == Kind::AIGateway);
        let found = [made.get(object), self.moment.projections.get(object), twin];
        let mut verdict = verdict.clone();
        let before = verdict.findings.len();
        verdict
            .findings
            .extend(found.into_iter().flatten().flatten().cloned());
        if verdict.findings.len() > before {
            verdict.findings.sort();
        }
        verdict
    }

    fn addresses(&self, gateway: &GatewayKey) -> Vec<(String, String)> {
        let addresses = self.moment.workloads.addresses.get(gateway);
        addresses.cloned().unwrap_or_default()
    }

    fn pods(&self, gateway: &GatewayKey) -> Pods {
        let pods = self.moment.workloads.pods.get(gateway);
        pods.copied().unwrap_or_default()
    }

    /// Paths that an AIGateway serves, and the models at each: those of its generated routes.
    fn paths(&self, object: &ObjectRef) -> Vec<(String, Vec<String>)> {
        let Some(expanded) = self.moment.compiled.compilation.expanded.get(object) else {
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

fn object(kind: Kind, name: &Name) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: name.namespace.clone(),
        name: name.name.clone(),
    }
}

fn name(object: &ObjectRef) -> Name {
    Name {
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

fn key(object: &ObjectRef) -> GatewayKey {
    GatewayKey {
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

/// Findings about a field, or anything in it; all when the path is empty.
fn within(verdict: &Verdict, path: &str) -> Vec<Finding> {
    let is_within = |f: &&Finding| {
        let rest = f.path.strip_prefix(path);
        path.is_empty() || rest.is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
    };
    verdict.findings.iter().filter(is_within).cloned().collect()
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
