//! What the compiler says about each resource.

use std::collections::{BTreeMap, BTreeSet};

use sluice_vocab::{Finding, GatewayKey, ObjectRef, Origin, Severity};

/// What the compiler says about one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The generation that was judged.
    pub generation: i64,
    /// What is wrong, sorted; empty for nothing.
    pub findings: Vec<Finding>,
    /// Gateways whose snapshots hold something of it.
    pub gateways: BTreeSet<GatewayKey>,
}

impl Verdict {
    /// Whether something in it has no effect.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|f| f.severity == Severity::Error)
    }
}

/// Collects verdicts while compiling.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    by_object: BTreeMap<ObjectRef, Draft>,
}

#[derive(Debug, Default)]
struct Draft {
    generation: i64,
    findings: BTreeSet<Finding>,
    gateways: BTreeSet<GatewayKey>,
}

impl Verdicts {
    /// The object was looked at.
    pub(crate) fn see(&mut self, object: &ObjectRef, generation: i64) {
        self.by_object.entry(object.clone()).or_default().generation = generation;
    }

    /// Something is wrong at a place; `finding.path` is replaced by the place's.
    pub(crate) fn add(&mut self, at: &Origin, mut finding: Finding) {
        finding.path.clone_from(&at.path);
        let draft = self.by_object.entry(at.object.clone()).or_default();
        draft.generation = at.generation;
        draft.findings.insert(finding);
    }

    /// A snapshot holds something of it.
    pub(crate) fn attach(&mut self, object: &ObjectRef, gateway: &GatewayKey) {
        if let Some(draft) = self.by_object.get_mut(object) {
            draft.gateways.insert(gateway.clone());
        }
    }

    pub(crate) fn finish(self) -> BTreeMap<ObjectRef, Verdict> {
        let finish = |draft: Draft| Verdict {
            generation: draft.generation,
            findings: draft.findings.into_iter().collect(),
            gateways: draft.gateways,
        };
        self.by_object
            .into_iter()
            .map(|(object, draft)| (object, finish(draft)))
            .collect()
    }
}
