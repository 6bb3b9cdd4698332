//! What guards refer to.

use sluice_vocab::{Finding, Inline, SecretRef, ServiceRef};

use crate::Address;

/// What policies refer to. A finding that says why something can't be had has no path yet.
pub trait Lookup {
    /// Where a Service is.
    fn service(&self, reference: &ServiceRef) -> Result<Address, Finding>;

    /// The key of the entry with a credential.
    fn credential(&self, reference: &SecretRef) -> Result<String, Finding>;

    /// The key of the entry with a credential that stands in the policy, at a path.
    fn inline(&self, path: &str, value: &Inline) -> Result<String, Finding>;
}

/// Where a policy stands alone, with nothing that it could refer to.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Alone {
    fn nothing<T>() -> Result<T, Finding> {
        Err(Finding::error(
            sluice_vocab::Reason::BackendNotFound,
            "",
            "there is nothing to refer to here",
        ))
    }
}

impl Lookup for Alone {
    fn service(&self, _: &ServiceRef) -> Result<Address, Finding> {
        Self::nothing()
    }

    fn credential(&self, _: &SecretRef) -> Result<String, Finding> {
        Self::nothing()
    }

    fn inline(&self, _: &str, _: &Inline) -> Result<String, Finding> {
        Self::nothing()
    }
}
