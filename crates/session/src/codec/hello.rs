//! How both sides begin.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use sluice_vocab::{GatewayKey, Secret};

use super::{Claim, Epoch, PROTOCOL, WireError, speaks};
use crate::wire;

/// A policy in one revision of its meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyKind {
    /// Its kind, as `promptGuard`.
    pub kind: String,
    /// Its revision.
    pub revision: u32,
}

impl PolicyKind {
    /// Of that name and revision.
    pub fn new(kind: impl Into<String>, revision: u32) -> Self {
        Self {
            kind: kind.into(),
            revision,
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} revision {}", self.kind, self.revision)
    }
}

/// Who a data plane is, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The Gateway that it belongs to, as it says; the caller's token has the last word.
    pub gateway: GatewayKey,
    /// The pod's uid, as it says.
    pub instance: String,
    /// Policies that it can run.
    pub policies: BTreeSet<PolicyKind>,
    /// Name and version of the program, for people.
    pub software: String,
}

/// What a data plane has when it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Who it is.
    pub identity: Identity,
    /// What it runs.
    pub version: Option<Claim>,
    /// The highest epoch that it has seen.
    pub epoch: Epoch,
}

/// The server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Of the configuration that this replica has.
    pub epoch: Epoch,
    /// Keys the hashes of entries.
    pub install_key: Secret,
    /// A heartbeat comes at least this often.
    pub heartbeat: Duration,
    /// Name and version of the program, for people.
    pub software: String,
}

impl From<Hello> for wire::Hello {
    fn from(hello: Hello) -> Self {
        let Identity {
            gateway,
            instance,
            policies,
            software,
        } = hello.identity;
        Self {
            protocol: PROTOCOL,
            gateway: Some(encode_gateway(&gateway)),
            instance,
            version: Claim::encode(hello.version),
            epoch: hello.epoch.get(),
            policies: encode_policies(policies),
            software,
        }
    }
}

impl TryFrom<wire::Hello> for Hello {
    type Error = WireError;
    fn try_from(hello: wire::Hello) -> Result<Self, WireError> {
        speaks(hello.protocol)?;
        Ok(Self {
            version: Claim::optional(&hello.version, "Hello")?,
            epoch: Epoch::new(hello.epoch),
            identity: Identity {
                gateway: decode_gateway(hello.gateway, "Hello")?,
                instance: required(hello.instance, "Hello", "instance")?,
                policies: decode_policies(hello.policies),
                software: hello.software,
            },
        })
    }
}

impl From<Welcome> for wire::Welcome {
    fn from(welcome: Welcome) -> Self {
        Self {
            protocol: PROTOCOL,
            epoch: welcome.epoch.get(),
            install_key: welcome.install_key.expose().to_vec(),
            heartbeat_ms: u32::try_from(welcome.heartbeat.as_millis()).unwrap_or(u32::MAX),
            software: welcome.software,
        }
    }
}

impl TryFrom<wire::Welcome> for Welcome {
    type Error = WireError;
    fn try_from(welcome: wire::Welcome) -> Result<Self, WireError> {
        // Wiped when dropped, also when the rest is refused.
        let install_key = Secret::new(welcome.install_key);
        speaks(welcome.protocol)?;
        if install_key.is_empty() {
            return Err(WireError::Missing {
                message: "Welcome",
                field: "install_key",
            });
        }
        Ok(Self {
            epoch: Epoch::new(welcome.epoch),
            install_key,
            heartbeat: Duration::from_millis(welcome.heartbeat_ms.into()),
            software: welcome.software,
        })
    }
}

pub(super) fn encode_gateway(key: &GatewayKey) -> wire::Gateway {
    wire::Gateway {
        namespace: key.namespace.to_string(),
        name: key.name.to_string(),
    }
}

pub(super) fn decode_gateway(
    gateway: Option<wire::Gateway>,
    message: &'static str,
) -> Result<GatewayKey, WireError> {
    let gateway = gateway.ok_or(WireError::Missing {
        message,
        field: "gateway",
    })?;
    let name = required(gateway.name, message, "gateway.name")?;
    Ok(GatewayKey {
        namespace: gateway.namespace.into(),
        name: name.into(),
    })
}

pub(super) fn encode_policies(policies: BTreeSet<PolicyKind>) -> Vec<wire::PolicyKind> {
    policies
        .into_iter()
        .map(|p| wire::PolicyKind {
            kind: p.kind,
            revision: p.revision,
        })
        .collect()
}

pub(super) fn decode_policies(policies: Vec<wire::PolicyKind>) -> BTreeSet<PolicyKind> {
    policies
        .into_iter()
        .map(|p| PolicyKind {
            kind: p.kind,
            revision: p.revision,
        })
        .collect()
}

pub(super) fn required(
    text: String,
    message: &'static str,
    field: &'static str,
) -> Result<String, WireError> {
    if text.is_empty() {
        Err(WireError::Missing { message, field })
    } else {
        Ok(text)
    }
}
