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
    let (of_refs, of_fields): (Vec<&Finding>, Vec<&Finding>) = verdict
        .findings
        .iter()
        .partition(|f| is_reference(f.reason));
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
    match conditions
        .iter()
        .find(|c| c.kind == "Ready")
        .map(|c| c.status)
    {
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
pub fn is_reference(reason: Reason) -> bool {
    match reason {
        Reason::SecretNotFound
        | Reason::SecretKeyNotFound
        | Reason::SecretKeyAmbiguous
        | Reason::RefNotPermitted
        | Reason::BackendNotFound
        | Reason::InvalidCertificateRef
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
        | Reason::ProtocolConflict
        | Reason::IdentifierConflict
        | Reason::DuplicateName
        | Reason::NoMatchingParent
        | Reason::NoMatchingListenerHostname
        | Reason::NotAllowedByListeners
        | Reason::NotOurClass
        | Reason::UnsupportedValue
        | Reason::InlineCredential
        | Reason::PlainCredential
        | Reason::EgressRefused
        | Reason::CredentialConflict
        | Reason::UnboundedPattern
        | Reason::NotReferenced
        | Reason::Deprecated
        | Reason::AIDisabled
        | Reason::NameConflict
        | Reason::Frozen
        | Reason::GatewayApiMissing => false,
    }
}

/// False with the first error's reason; true otherwise, with what is worth a warning.
fn judged(kind: &'static str, findings: &[&Finding]) -> Draft {
    let error = findings.iter().find(|f| f.severity == Severity::Error);
    let message = sentences(findings);
    let (status, reason) =
        error.map_or((Status::True, kind), |f| (Status::False, f.reason.as_str()));
    Draft {
        kind,
        status,
        reason,
        message,
    }
}

/// So many fields are named for one cause, and one more.
const SHOWN: usize = 3;

/// Each cause once, with the fields that it is about.
fn sentences(findings: &[&Finding]) -> String {
    let mut causes: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in findings {
        match causes
            .iter_mut()
            .find(|(message, _)| *message == finding.message)
        {
            Some((_, paths)) => paths.push(&finding.path),
            None => causes.push((&finding.message, vec![&finding.path])),
        }
    }
    let sentence = |(message, mut paths): (&str, Vec<&str>)| {
        paths.retain(|path| !path.is_empty());
        paths.dedup();
        match paths.as_slice() {
            [] => message.to_owned(),
            [shown @ .., _] if shown.len() > SHOWN => {
                let more = paths.len() - SHOWN;
                format!("{} and {more} more: {message}", paths[..SHOWN].join(", "))
            }
            all => format!("{}: {message}", all.join(", ")),
        }
    };
    causes
        .into_iter()
        .map(sentence)
        .collect::<Vec<_>>()
        .join("; ")
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
        Delivery::Pending => draft(
            Status::Unknown,
            "Pending",
            "not every data plane has acknowledged it yet",
        ),
        Delivery::Acknowledged => draft(
            Status::True,
            "Programmed",
            "every connected data plane has acknowledged it",
        ),
        Delivery::Rejected(findings) => {
            let message = findings.iter().map(sentence).collect::<Vec<_>>().join("; ");
            let reason = findings.first().map_or("Invalid", |f| f.reason.as_str());
            draft(Status::False, reason, &message)
        }
    }
}

/// False as soon as one is; true when all are, or when nothing but a reference to it is missing.
fn ready(parts: [&Draft; 3]) -> Draft {
    let draft = |status, reason, message: &str| Draft {
        kind: "Ready",
        status,
        reason,
        message: message.to_owned(),
    };
    if let Some(part) = parts.iter().find(|p| p.status == Status::False) {
        return draft(Status::False, part.reason, &part.message);
    }
    match parts
        .iter()
        .find(|p| p.status == Status::Unknown && p.reason != "NotReferenced")
    {
        Some(part) => draft(Status::Unknown, part.reason, &part.message),
        None => draft(Status::True, "Ready", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mk_verdict(findings: Vec<Finding>, is_attached: bool) -> Verdict {
        let gateway = sluice_vocab::GatewayKey {
            namespace: "n".into(),
            name: "g".into(),
        };
        Verdict {
            generation: 7,
            findings,
            gateways: is_attached.then_some(gateway).into_iter().collect(),
        }
    }

    fn mk(findings: Vec<Finding>, is_attached: bool, delivery: &Delivery) -> (Vec<String>, Phase) {
        let conditions = derive(&mk_verdict(findings, is_attached), delivery);
        assert!(conditions.iter().all(|c| c.observed_generation == 7));
        let texts = conditions
            .iter()
            .map(|c| format!("{}={}/{}", c.kind, c.status.as_str(), c.reason));
        (texts.collect(), phase(&conditions))
    }

    #[test]
    fn programmed_is_what_data_planes_acknowledged() {
        let (conditions, phase) = mk(vec![], true, &Delivery::Acknowledged);
        assert_eq!(
            conditions,
            [
                "Accepted=True/Accepted",
                "ResolvedRefs=True/ResolvedRefs",
                "Programmed=True/Programmed",
                "Ready=True/Ready"
            ]
        );
        assert_eq!(phase, Phase::Ready);
        assert_eq!(mk(vec![], true, &Delivery::Pending).1, Phase::Pending);
        assert_eq!(
            mk(vec![], true, &Delivery::NotConnected).0[2],
            "Programmed=Unknown/Pending"
        );
        let rejected = Delivery::Rejected(vec![Finding::error(Reason::Invalid, "spec.x", "no")]);
        assert_eq!(
            mk(vec![], true, &rejected),
            (
                vec![
                    "Accepted=True/Accepted".to_owned(),
                    "ResolvedRefs=True/ResolvedRefs".to_owned(),
                    "Programmed=False/Invalid".to_owned(),
                    "Ready=False/Invalid".to_owned(),
                ],
                Phase::Failed
            )
        );
    }

    #[test]
    fn nothing_refers_to_it_and_yet_it_is_ready() {
        let (conditions, phase) = mk(vec![], false, &Delivery::Pending);
        assert_eq!(
            conditions[2..],
            ["Programmed=Unknown/NotReferenced", "Ready=True/Ready"]
        );
        assert_eq!(phase, Phase::Ready);
    }

    #[test]
    fn a_missing_secret_fails_and_names_both() {
        let finding = Finding::error(
            Reason::SecretKeyNotFound,
            "spec.ai",
            "Secret n/s has no key apiKey",
        );
        let (conditions, phase) = mk(vec![finding], true, &Delivery::Acknowledged);
        assert_eq!(conditions[1], "ResolvedRefs=False/SecretKeyNotFound");
        assert_eq!(
            (conditions[3].as_str(), phase),
            ("Ready=False/SecretKeyNotFound", Phase::Failed)
        );
    }

    #[test]
    fn a_cause_is_told_once_with_the_fields_that_it_is_about() {
        let finding = |path: &str| Finding::error(Reason::SecretNotFound, path, "no Secret s");
        let told = |paths: &[&str]| {
            let verdict = mk_verdict(paths.iter().map(|p| finding(p)).collect(), true);
            derive(&verdict, &Delivery::Acknowledged)[1].message.clone()
        };
        assert_eq!(told(&["a", "b"]), "a, b: no Secret s");
        assert_eq!(told(&["", ""]), "no Secret s");
        assert_eq!(told(&["a", "b", "c", "d"]), "a, b, c, d: no Secret s");
        assert_eq!(
            told(&["a", "b", "c", "d", "e"]),
            "a, b, c and 2 more: no Secret s"
        );
    }

    #[test]
    fn a_warning_changes_no_condition_but_is_told() {
        let finding = Finding::warning(Reason::NoEffect, "", "no effect");
        let conditions = derive(&mk_verdict(vec![finding], true), &Delivery::Acknowledged);
        assert_eq!(
            (conditions[0].status, conditions[0].message.as_str()),
            (Status::True, "no effect")
        );
        assert_eq!(phase(&conditions), Phase::Ready);
    }
}
