//! Status that Gateway API asks for: of GatewayClasses, Gateways and HTTPRoutes.

mod class;
mod gateway;
mod route;

use sluice_compiler::condition::{Condition, Status};
use sluice_vocab::{Finding, Reason, Severity};

pub(super) use class::class;
pub(super) use gateway::{Gateway, gateway};
pub(super) use route::{parents, without_ours};

/// A condition of an object in one generation.
fn condition(
    kind: &'static str,
    status: Status,
    reason: &'static str,
    message: impl Into<String>,
    observed_generation: i64,
) -> Condition {
    Condition {
        kind,
        status,
        reason,
        message: message.into(),
        observed_generation,
    }
}

/// Whether a finding is about something that is referred to.
fn is_reference(finding: &Finding) -> bool {
    sluice_compiler::condition::is_reference(finding.reason)
}

fn is_error(finding: &&&Finding) -> bool {
    finding.severity == Severity::Error
}

/// Gateway API's word, where it has one of its own.
fn reason(finding: &Finding) -> &'static str {
    match finding.reason {
        Reason::SecretNotFound | Reason::SecretKeyNotFound => "InvalidCertificateRef",
        other => other.as_str(),
    }
}

/// All of them, as sentences.
fn message(findings: &[&Finding]) -> String {
    let sentence = |f: &&Finding| {
        if f.path.is_empty() {
            f.message.clone()
        } else {
            format!("{}: {}", f.path, f.message)
        }
    };
    findings.iter().map(sentence).collect::<Vec<_>>().join("; ")
}
