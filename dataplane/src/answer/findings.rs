//! What an answer's steps have learnt of it by its end.

use sluice_guard::Hits;
use sluice_llm::flow::End;
use sluice_vocab::ErrorType;

use super::flow::Flow;
use crate::record::{Fault, Findings};
use crate::rejection::{Rejected, Rejection};

/// Of an answer of which nothing more comes, however it has ended.
pub(super) fn so_far(flow: &Flow) -> Findings {
    let mut hits = Hits::default();
    flow.hits().for_each(|found| hits.extend(found));
    Findings {
        usage: flow.reading().map(|reading| reading.usage),
        hits,
        ..Findings::default()
    }
}

/// Of an answer that is complete as HTTP sees it; whether it is, its format tells. `counts` says whether usage should be in it.
/// With what the caller has still to be told.
pub(super) fn complete(flow: &Flow, counts: bool) -> (Findings, Option<Rejected>) {
    let mut findings = so_far(flow);
    let Some(reading) = flow.reading() else {
        return (findings, None);
    };
    if let Some(failure) = flow.failure() {
        findings.truncated = failure.kind == ErrorType::Network;
        let text = format!("the provider answered with an error: {}", failure.message);
        findings.fault = Some(Fault::of_provider(failure.kind, text));
        return (findings, None);
    }
    match reading.end {
        Some(End::Open) if counts => {
            let rejection = Rejection::upstream_truncated();
            findings.truncated = true;
            let text = rejection.public.to_string();
            findings.fault = Some(Fault::ours(rejection.code, text));
            return (findings, Some(rejection));
        }
        Some(End::Failed) => {
            let text = "the provider reported an error within the stream";
            findings.fault = Some(Fault::of_provider(ErrorType::ServerError, text.to_owned()));
        }
        _ => findings.usage_missing = counts && !reading.usage.is_known(),
    }
    (findings, None)
}

/// Of an answer that ends with this.
pub(super) fn failed(flow: &Flow, rejection: &Rejection) -> Findings {
    let mut findings = so_far(flow);
    findings.fault = Some(Fault::ours(rejection.code, rejection.log_text()));
    findings
}
