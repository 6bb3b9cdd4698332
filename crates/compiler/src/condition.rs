//! From verdicts and deliveries to conditions.

use sluice_crds::status::Phase;
use sluice_vocab::{Finding, Reason, Severity};

use crate::verdict::Verdict;

/// What the data planes have of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// No data plane is connected.
    NotConnected,
    /// Some have not acknowledged it yet.
    Pending,
    /// Every connected data plane acknowledged it, now or earlier.
    Acknowledged,
    /// A data plane could not realise it.
    Rejected(Vec<Finding>),
}

/// The value of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as Kubernetes spells them")]
pub enum Status {
    True,
    False,
    Unknown,
}

impl Status {
    /// As Kubernetes spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::True => "True",
            Status::False => "False",
            Status::Unknown => "Unknown",
        }
    }
}

/// A condition without its transition time, which only whoever writes it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `Accepted`, `ResolvedRefs`, `Programmed` or `Ready`.
    pub kind: &'static str,
    /// Its value.
    pub status: Status,
    /// Why, in one word.
    pub reason: &'static str,
    /// Why, in a sentence.
    pub message: String,
    /// The generation that was judged.
    pub observed_generation: i64,
}

/// The conditions of a resource: `Accepted`, `ResolvedRefs`, `Programmed`, and their summary `Ready`.
pub fn derive(verdict: &Verdict, delivery: &Delivery) -> Vec<Condition> {
    let (of_refs, of_fields): (Vec<&Finding>, Vec<&Finding>) =
        verdict.findings.iter().partition(|f| is_reference(f.reason));
    let accepted = judged("Accepted", &of_fields);
    let resolved = judged("ResolvedRefs", &of_refs);
    let programmed = programmed(verdict, delivery);
    let ready = ready([&accepted, &resolved, &programmed]);
    let seal = |c: Draft| Condition {
        kind: c.kind,
        status: c.status,
        reason: c.reason,
        message: c.message,
        observed_generation: verdict.generation,
    };
    [accepted, resolved, programmed, ready].map(seal).to_vec()
}

/// The summary for people.
pub fn phase(conditions: &[Condition]) -> Phase {
    match conditions.iter().find(|c| c.kind == "Ready").map(|c| c.status) {
        Some(Status::True) => Phase::Ready,
        Some(Status::False) => Phase::Failed,
        Some(Status::Unknown) | None => Phase::Pending,
    }
}

struct Draft {
    kind: &'static str,
    status: Status,
    reason: &'static str,
    message: String,
}

/// Whether a reason is about something that the resource refers to.
fn is_reference(reason: Reason) -> bool {
    match reason {
        Reason::SecretNotFound
        | Reason::SecretKeyNotFound
        | Reason::SecretKeyAmbiguous
        | Reason::RefNotPermitted
        | Reason::BackendNotFound
        | Reason::InvalidKind
        | Reason::PolicyNotFound
        | Reason::ProviderNotFound
        | Reason::ReferenceCycle => true,
        Reason::Unreadable
        | Reason::Invalid
        | Reason::NotImplemented
        | Reason::NoEffect
        | Reason::TargetNotFound
        | Reason::Conflicted
        | Reason::IdentifierConflict
        | Reason::DuplicateName
        | Reason::NoMatchingParent
        | Reason::NoMatchingListenerHostname
        | Reason::NotAllowedByListeners
        | Reason::NotOurClass
        | Reason::UnsupportedValue
        | Reason::InlineCredential
        | Reason::CredentialConflict
        | Reason::NotReferenced
        | Reason::Deprecated
        | Reason::AIDisabled
        | Reason::NameConflict => false,
    }
}

/// False with the first error's reason; true otherwise, with what is worth a warning.
fn judged(kind: &'static str, findings: &[&Finding]) -> Draft {
    let error = findings.iter().find(|f| f.severity == Severity::Error);
    let message = findings.iter().map(|f| sentence(f)).collect::<Vec<_>>().join("; ");
    let (status, reason) = error.map_or((Status::True, kind), |f| (Status::False, f.reason.as_str()));
    Draft { kind, status, reason, message }
}

fn sentence(finding: &Finding) -> String {
    if finding.path.is_empty() {
        finding.message.clone()
    } else {
        format!("{}: {}", finding.path, finding.message)
    }
}

fn programmed(verdict: &Verdict, delivery: &Delivery) -> Draft {
    let draft = |status, reason, message: &str| Draft {
        kind: "Programmed",
        status,
        reason,
        message: message.to_owned(),
    };
    if verdict.gateways.is_empty() {
        let (reason, message) = if verdict.has_errors() {
            ("Invalid", "it is in no snapshot; see the other conditions")
        } else {
            ("NotReferenced", "no Gateway's routes lead to it")
        };
        return draft(Status::Unknown, reason, message);
    }
    match delivery {
        Delivery::NotConnected => draft(Status::Unknown, "Pending", "no data plane is connected"),
        Delivery::Pending => {
            draft(Status::Unknown, "Pending", "not every data plane has acknowledged it yet")
        }
        Delivery::Acknowledged => {
            draft(Status::True, "Programmed", "every connected data plane has acknowledged it")
        }
        Delivery::Rejected(findings) => {
            let message = findings.iter().map(sentence).collect::<Vec<_>>().join("; ");
            let reason = findings.first().map_or("Invalid", |f| f.reason.as_str());
            draft(Status::False, reason, &message)
        }
    }
}

/// False as soon as one is; true when all are, or when nothing but a reference to it is missing.
fn ready(parts: [&Draft; 3]) -> Draft {
    let draft =
        |status, reason, message: &str| Draft { kind: "Ready", status, reason, message: message.to_owned() };
    if let Some(part) = parts.iter().find(|p| p.status == Status::False) {
        return draft(Status::False, part.reason, &part.message);
    }
    match parts.iter().find(|p| p.status == Status::Unknown && p.reason != "NotReferenced") {
        Some(part) => draft(Status::Unknown, part.reason, &part.message),
        None => draft(Status::True, "Ready", ""),
    }
}
