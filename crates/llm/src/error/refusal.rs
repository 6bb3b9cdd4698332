//! What a caller is told.

use sluice_vocab::ErrorType;

/// What a caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The word.
    pub kind: ErrorType,
    /// HTTP status.
    pub status: u16,
    /// A sentence for a person.
    pub message: &'a str,
    /// The parameter at fault, as OpenAI's `param`.
    pub param: Option<&'a str>,
    /// A machine-readable cause, as OpenAI's `code`.
    pub code: Option<&'a str>,
    /// The request's id.
    pub request_id: &'a str,
}
