//! What was learnt of an answer.

use sluice_guard::Hits;
use sluice_llm::usage::Usage;
use sluice_vocab::{ErrorCode, ErrorType};

/// For the record and the metrics.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// `None` when nobody has read it.
    pub(crate) usage: Option<Usage>,
    /// What guards have found.
    pub(crate) hits: Hits,
    /// What went wrong.
    pub(crate) fault: Option<Fault>,
    /// A complete answer did not say what it used.
    pub(crate) usage_missing: bool,
    /// It broke off in the middle.
    pub(crate) truncated: bool,
}

/// What went wrong, for the log.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(super) kind: ErrorType,
    /// A provider's own error has none.
    pub(super) code: Option<ErrorCode>,
    pub(super) text: String,
}

impl Fault {
    /// The gateway's.
    pub(crate) fn ours(code: ErrorCode, text: String) -> Self {
        Self {
            kind: code.kind(),
            code: Some(code),
            text,
        }
    }

    /// One that a provider reported.
    pub(crate) fn of_provider(kind: ErrorType, text: String) -> Self {
        Self {
            kind,
            code: None,
            text,
        }
    }
}
