//! All that one object's status is made of, as a value: equal cases have equal statuses.

use serde_json::Value;
use sluice_compiler::Verdict;
use sluice_compiler::condition::{self, Delivery};
use sluice_compiler::topology::{self, Route};
use sluice_vocab::Finding;

use super::{gateway_api, own};
use crate::delivery::Count;
use crate::provision::Pods;

/// What a status is made of, but for the status that was there before and the time.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Case {
    /// An Upstream or a RoutePolicy, a user's or one that an AIGateway stands for.
    Own(Verdict, Delivery),
    AIGateway(Verdict, Delivery, own::AIGatewayCase),
    Gateway(GatewayCase),
    Route {
        route: Route,
        generation: i64,
        /// Without those of its parents.
        findings: Vec<Finding>,
        controller: String,
    },
    /// An HTTPRoute that names no Gateway of ours.
    ForeignRoute {
        controller: String,
    },
    Class {
        generation: i64,
        bundle: Option<String>,
    },
}

/// A Gateway, a user's or one that an AIGateway stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GatewayCase {
    pub(super) generation: i64,
    /// As the compiler has it.
    pub(super) verdict: Verdict,
    pub(super) delivery: Delivery,
    /// Of the Gateway as a whole.
    pub(super) findings: Vec<Finding>,
    /// Its listeners, each with its findings.
    pub(super) listeners: Vec<(topology::Listener, Vec<Finding>)>,
    pub(super) count: Count,
    /// Type and value.
    pub(super) addresses: Vec<(String, String)>,
    pub(super) pods: Pods,
}

impl Case {
    /// The status. `live` is the one before: conditions that stay keep their time. Nothing where there is nothing to say.
    pub(super) fn status(&self, live: &Value, now: &str) -> Option<Value> {
        match self {
            Self::Own(verdict, delivery) => Some(own::object(verdict, delivery, live, now)),
            Self::AIGateway(verdict, delivery, gateway) => {
                Some(own::ai_gateway(verdict, delivery, gateway, live, now))
            }
            Self::Gateway(case) => case.status(live, now),
            Self::Route {
                route,
                generation,
                findings,
                controller,
            } => {
                let findings: Vec<&Finding> = findings.iter().collect();
                Some(gateway_api::parents(
                    route,
                    *generation,
                    &findings,
                    controller,
                    live,
                    now,
                ))
            }
            Self::ForeignRoute { controller } => gateway_api::without_ours(controller, live),
            Self::Class { generation, bundle } => Some(gateway_api::class(
                *generation,
                bundle.as_deref(),
                live,
                now,
            )),
        }
    }
}

impl GatewayCase {
    fn status(&self, live: &Value, now: &str) -> Option<Value> {
        let delivered = condition::derive(&self.verdict, &self.delivery)
            .into_iter()
            .find(|c| c.kind == "Programmed")?;
        let known = gateway_api::Gateway {
            generation: self.generation,
            findings: self.findings.iter().collect(),
            listeners: self
                .listeners
                .iter()
                .map(|(listener, findings)| (listener, findings.iter().collect()))
                .collect(),
            delivered,
            count: self.count,
            addresses: &self.addresses,
            pods: self.pods,
        };
        Some(gateway_api::gateway(&known, live, now))
    }
}
