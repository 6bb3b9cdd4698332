//! What happens to a request that its provider's format can't carry whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to a field that the provider's format has no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Fidelity {
    /// It is left out, and named in the answer's header `x-sluice-dropped`.
    #[default]
    Report,
    /// The request is refused with 400 before anything is sent.
    Strict,
}
