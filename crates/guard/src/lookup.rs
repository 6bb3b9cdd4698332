//! What guards refer to.

use sluice_vocab::{Finding, Inline, SecretRef, ServiceRef};

use crate::Address;

/// What policies refer to. A finding that says why something can't be had has no path yet.
pub trait Lookup {
    /// Whether a policy may lead to a host, where its name alone tells.
    fn host(&self, _host: &str) -> Result<(), Finding> {
        Ok(())
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_policy_stands_alone_there_is_nothing_to_refer_to() {
        let service = ServiceRef {
            name: "s".into(),
            namespace: None,
            port: 80,
        };
        let secret = SecretRef {
            name: "s".into(),
            namespace: None,
            key: None,
        };
        assert!(Alone.service(&service).is_err());
        assert!(Alone.credential(&secret).is_err());
        assert!(Alone.inline("spec", &Inline::new("sk-1")).is_err());
    }
}
