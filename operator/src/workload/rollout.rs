//! Which Deployments may get new pods now.
//!
//! A new operator, or new defaults, would give every Gateway new pods at once. Instead one goes at a time, and the first shows whether the
//! new image comes up at all. What a user changes takes effect at once.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use sluice_vocab::GatewayKey;

use super::Desired;
use super::deployment::{ASKED, REVISION, SCHEME};
use super::facts::GatewayFacts;

/// A Gateway's Deployment, as it should be and as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The Gateway.
    pub gateway: GatewayKey,
    /// Its user chose the version.
    pub is_pinned: bool,
    /// What stands for the pods that it should have.
    pub revision: String,
    /// What stands for its user's wishes.
    pub asked: String,
    /// The image that it should run.
    pub image: String,
    /// What there is.
    pub observed: Option<Observed>,
}

/// A Deployment as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// What stands for its pods.
    pub revision: String,
    /// What stood for its user's wishes.
    pub asked: String,
    /// The image that it runs.
    pub image: String,
    /// It never had other pods.
    pub is_first: bool,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`.
    pub observed_generation: i64,
    /// Pods that there should be.
    pub wanted: i32,
    /// Pods that there are, old ones included.
    pub total: i32,
    /// Pods of the newest template.
    pub updated: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that have been ready for some seconds.
    pub available: i32,
    /// Its pods did not come up in time.
    pub is_overdue: bool,
}

/// What to do with a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Apply it as desired.
    Apply,
    /// Apply it with the pods that it has ([`super::held`]).
    Hold(Hold),
}

/// Why a Deployment keeps its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// Its user chose the version.
    Pinned,
    /// Another Gateway is on its way.
    Waiting {
        /// The one that it waits for.
        on: GatewayKey,
    },
    /// The image did not come up where it was tried, and nowhere else.
    Unproven {
        /// Where it was tried.
        on: GatewayKey,
    },
}

impl Candidate {
    /// Compares what should be with what is.
    pub fn new(gateway: &GatewayFacts, desired: &Desired, observed: Option<&Deployment>) -> Self {
        let deployment = desired.deployment();
        Self {
            gateway: gateway.key.clone(),
            is_pinned: gateway.pinned_version().is_some(),
            revision: deployment
                .map(|d| annotation(d, REVISION))
                .unwrap_or_default(),
            asked: deployment.map(|d| annotation(d, ASKED)).unwrap_or_default(),
            image: deployment.map(running).unwrap_or_default(),
            observed: observed.map(Observed::read),
        }
    }

    /// Its pods would change, though not by its user's wish.
    fn is_upgrade(&self) -> bool {
        let Some(observed) = &self.observed else {
            return false;
        };
        // What another scheme stands for can't be compared: it counts as the same wish.
        let is_same_wish = !observed.asked.starts_with(SCHEME) || observed.asked == self.asked;
        let is_known = !observed.asked.is_empty();
        observed.revision != self.revision && is_known && is_same_wish
    }

    /// It has got its new pods, and they are not all there yet.
    fn is_under_way(&self) -> bool {
        let changed = self
            .observed
            .as_ref()
            .filter(|o| o.revision == self.revision && !o.is_first);
        changed.is_some_and(|o| !self.is_pinned && !o.is_settled())
    }

    /// It serves with the image.
    fn proves(&self, image: &str) -> bool {
        self.observed
            .as_ref()
            .is_some_and(|o| o.image == image && o.is_settled() && o.available > 0)
    }
}

impl Observed {
    /// Reads a Deployment.
    pub fn read(deployment: &Deployment) -> Self {
        let status = deployment.status.clone().unwrap_or_default();
        let overdue = |c: &k8s_openapi::api::apps::v1::DeploymentCondition| {
            c.type_ == "Progressing" && c.reason.as_deref() == Some("ProgressDeadlineExceeded")
        };
        Self {
            revision: annotation(deployment, REVISION),
            asked: annotation(deployment, ASKED),
            image: running(deployment),
            is_first: matches!(
                annotation(deployment, "deployment.kubernetes.io/revision").as_str(),
                "" | "1"
            ),
            generation: deployment.metadata.generation.unwrap_or_default(),
            observed_generation: status.observed_generation.unwrap_or_default(),
            wanted: deployment
                .spec
                .as_ref()
                .and_then(|spec| spec.replicas)
                .unwrap_or(1),
            total: status.replicas.unwrap_or_default(),
            updated: status.updated_replicas.unwrap_or_default(),
            ready: status.ready_replicas.unwrap_or_default(),
            available: status.available_replicas.unwrap_or_default(),
            is_overdue: status.conditions.iter().flatten().any(overdue),
        }
    }

    /// Every pod that should be there is new and available, and no old one is left.
    pub fn is_settled(&self) -> bool {
        self.observed_generation >= self.generation
            && self.updated >= self.wanted
            && self.total <= self.updated
            && self.ready >= self.wanted
            && self.available >= self.wanted
    }
}

fn annotation(deployment: &Deployment, key: &str) -> String {
    deployment
        .metadata
        .annotations
        .as_ref()
        .and_then(|a| a.get(key))
        .cloned()
        .unwrap_or_default()
}

fn running(deployment: &Deployment) -> String {
    let pod = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref());
    pod.and_then(|pod| pod.containers.first()?.image.clone())
        .unwrap_or_default()
}

/// What to do with each Deployment. Hand in all of them, also those of Gateways that did not change.
///
/// - One that is not there yet, keeps its pods, or was changed by its user: apply.
/// - A pinned one keeps its pods otherwise.
/// - Of the rest, one goes at a time: those that serve before those that don't, then by name.
/// - One that is overdue holds up the others only until its image serves somewhere.
pub fn rollout(candidates: &[Candidate]) -> BTreeMap<GatewayKey, Step> {
    let mut free = obstacle(candidates).is_none();
    let mut queue: Vec<&Candidate> = candidates.iter().collect();
    queue.sort_by_key(|c| {
        (
            !c.observed.as_ref().is_some_and(Observed::is_settled),
            c.gateway.clone(),
        )
    });
    let mut steps = BTreeMap::new();
    let mut first: Option<GatewayKey> = None;
    for candidate in queue {
        let step = match (candidate.is_upgrade(), candidate.is_pinned) {
            (false, _) => Step::Apply,
            (true, true) => Step::Hold(Hold::Pinned),
            (true, false) if free => {
                free = false;
                first = Some(candidate.gateway.clone());
                Step::Apply
            }
            (true, false) => match (&first, obstacle(candidates)) {
                (Some(on), _) => Step::Hold(Hold::Waiting { on: on.clone() }),
                (None, Some(hold)) => Step::Hold(hold),
                (None, None) => Step::Apply,
            },
        };
        steps.insert(candidate.gateway.clone(), step);
    }
    steps
}

/// What holds up everyone else.
fn obstacle(candidates: &[Candidate]) -> Option<Hold> {
    let under_way: Vec<&Candidate> = candidates.iter().filter(|c| c.is_under_way()).collect();
    let is_overdue = |c: &&&Candidate| c.observed.as_ref().is_some_and(|o| o.is_overdue);
    if let Some(on) = under_way.iter().find(|c| !is_overdue(c)) {
        return Some(Hold::Waiting {
            on: on.gateway.clone(),
        });
    }
    let unproven = under_way
        .iter()
        .find(|stuck| !candidates.iter().any(|c| c.proves(&stuck.image)));
    unproven.map(|on| Hold::Unproven {
        on: on.gateway.clone(),
    })
}

#[cfg(test)]
mod tests;
