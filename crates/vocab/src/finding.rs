//! What the compiler has to say about a resource.

use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The resource, or the named part of it, has no effect.
    Error,
    /// It works, though probably not as meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why: one CamelCase word, the same in findings, conditions and docs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason with its meaning, for the generated docs table.
            pub const ALL: &[(Reason, &'static str)] = &[$((Reason::$name, concat!($($doc),+)),)+];

            /// The word as conditions spell it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Reason::$name => stringify!($name),)+ }
            }
        }
    };
}

reasons! {
    /// The object could not be read: wrong types, unknown fields, or text that is no YAML.
    Unreadable,
    /// A field's value is not allowed.
    Invalid,
    /// The field belongs to a feature that this version does not have.
    NotImplemented,
    /// A Secret that is referred to does not exist.
    SecretNotFound,
    /// The Secret exists, but not the key in it.
    SecretKeyNotFound,
    /// The Secret has several keys that differ only in case.
    SecretKeyAmbiguous,
    /// A reference into another namespace that no ReferenceGrant allows.
    RefNotPermitted,
    /// A backend that is referred to does not exist.
    BackendNotFound,
    /// A listener's certificate cannot be used: there is no such Secret, or something else in it.
    InvalidCertificateRef,
    /// A reference names a kind that cannot stand there.
    InvalidKind,
    /// A policy that is referred to does not exist.
    PolicyNotFound,
    /// A policy is attached where it has no effect.
    NoEffect,
    /// The target of a policy does not exist.
    TargetNotFound,
    /// Two resources claim the same thing; the older one has it.
    Conflicted,
    /// Listeners of different protocols share a port; the first has it.
    ProtocolConflict,
    /// An identifier is reserved, or used twice.
    IdentifierConflict,
    /// A name of a provider or model is used twice.
    DuplicateName,
    /// A provider is named that nothing defines.
    ProviderNotFound,
    /// References lead back to where they began, or go deeper than 8.
    ReferenceCycle,
    /// No parent of the route exists, or none takes it.
    NoMatchingParent,
    /// The hostnames of the route and the listener have nothing in common.
    NoMatchingListenerHostname,
    /// The listener does not allow routes of this namespace or kind.
    NotAllowedByListeners,
    /// The GatewayClass is another controller's, or does not exist.
    NotOurClass,
    /// A value that Gateway API allows and Sluice does not.
    UnsupportedValue,
    /// A credential stands in the resource itself, where everyone who may read it sees it.
    InlineCredential,
    /// A credential is sent without TLS, so that everyone on the way can read it.
    PlainCredential,
    /// The address is not one that a resource may lead to, unless an administrator allows it.
    EgressRefused,
    /// The same header carries the caller's own and the passed-through credential.
    CredentialConflict,
    /// A pattern without a longest match, for which a stream may have to be held back, or ended.
    UnboundedPattern,
    /// Nothing refers to it.
    NotReferenced,
    /// An older spelling that is still understood.
    Deprecated,
    /// AI resources are turned off for this installation.
    AIDisabled,
    /// An object of the name that a generated one needs exists already.
    NameConflict,
    /// Something of the Gateway can't be read, so that its data planes keep what they have.
    Frozen,
    /// The cluster has no Gateway API.
    GatewayApiMissing,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing wrong with a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Why, in one word.
    pub reason: Reason,
    /// The field, as `spec.rules[0].backendRefs[1]`; empty for the whole.
    pub path: String,
    /// What is wrong and what to do about it, in a sentence. Never holds a secret.
    pub message: String,
}

impl Finding {
    /// The named part has no effect.
    pub fn error(reason: Reason, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            reason,
            path: path.into(),
            message: message.into(),
        }
    }

    /// It works, though probably not as meant.
    pub fn warning(reason: Reason, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            reason,
            path: path.into(),
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_and_severities_print_the_words_of_conditions_and_docs() {
        assert_eq!(Severity::Error.to_string(), "error");
        assert_eq!(Severity::Warning.to_string(), "warning");
        for (reason, _) in Reason::ALL {
            assert_eq!(reason.to_string(), format!("{reason:?}"));
        }
    }
}
