//! What peers say about versions and epochs.

use std::fmt;

use sluice_snapshot::Version;

use super::WireError;

/// A version as a peer named it. Only content makes a [`Version`]; a claim can be compared with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim([u8; 16]);

impl Claim {
    /// The bytes as sent.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A version that must be there.
    pub(super) fn required(
        bytes: &[u8],
        message: &'static str,
        field: &'static str,
    ) -> Result<Self, WireError> {
        Self::optional(bytes, message)?.ok_or(WireError::Missing { message, field })
    }

    /// Empty is none.
    pub(super) fn optional(bytes: &[u8], message: &'static str) -> Result<Option<Self>, WireError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let bytes = bytes.try_into().map_err(|_| WireError::Version {
            message,
            len: bytes.len(),
        })?;
        Ok(Some(Self(bytes)))
    }

    /// None is empty.
    pub(super) fn encode(claim: Option<Self>) -> Vec<u8> {
        claim.map(|c| c.0.to_vec()).unwrap_or_default()
    }
}

impl From<Version> for Claim {
    fn from(version: Version) -> Self {
        Self(*version.as_bytes())
    }
}

impl From<[u8; 16]> for Claim {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl PartialEq<Version> for Claim {
    fn eq(&self, other: &Version) -> bool {
        &self.0 == other.as_bytes()
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Orders leaders: how often the lease has changed hands. Zero before any leader was known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// From the lease.
    pub const fn new(transitions: u64) -> Self {
        Self(transitions)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next higher, which a leader takes that meets someone who has seen a higher one than its own.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
