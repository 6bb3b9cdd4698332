//! What goes over the configuration stream, in both directions.

use std::fmt;

use super::{Claim, Epoch, Hello, Reason, Welcome, WireError};
use crate::wire::{self, follow_request, follow_response};

/// From a data plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToServer {
    /// First, and once.
    Hello(Hello),
    /// What became of an update.
    Ack(Ack),
}

/// To a data plane. Doesn't print, because it may hold secrets.
#[derive(Clone, PartialEq)]
pub enum ToClient {
    /// First, and once.
    Welcome(Welcome),
    /// A part of an update, for an [`super::Assembler`].
    Part(wire::UpdatePart),
    /// The server lives.
    Heartbeat(Heartbeat),
}

/// What the server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Of the configuration that the replica has.
    pub epoch: Epoch,
    /// What should run; nothing when there is no configuration for the Gateway.
    pub version: Option<Claim>,
    /// Where reports go, if that is known.
    pub leader: Option<Leader>,
}

/// Where reports go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// Host and port; empty when there is none.
    pub address: String,
    /// In which it was elected.
    pub epoch: Epoch,
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Of the update.
    pub serial: u64,
    /// What runs now.
    pub version: Option<Claim>,
    /// The highest seen.
    pub epoch: Epoch,
    /// Nothing when it was applied.
    pub refusal: Option<Refusal>,
}

/// Why an update changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// For programs. A newer peer's reason is `Unspecified`.
    pub reason: Reason,
    /// For people.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str_name(), self.detail)
    }
}

impl ToServer {
    /// As it travels.
    pub fn encode(self) -> wire::FollowRequest {
        let body = match self {
            ToServer::Hello(hello) => follow_request::Body::Hello(hello.into()),
            ToServer::Ack(ack) => follow_request::Body::Ack(ack.into()),
        };
        wire::FollowRequest { body: Some(body) }
    }

    /// Nothing when it is something that only a newer peer knows.
    pub fn decode(request: wire::FollowRequest) -> Result<Option<Self>, WireError> {
        Ok(match request.body {
            Some(follow_request::Body::Hello(hello)) => Some(ToServer::Hello(hello.try_into()?)),
            Some(follow_request::Body::Ack(ack)) => Some(ToServer::Ack(ack.try_into()?)),
            None => None,
        })
    }
}

impl ToClient {
    /// As it travels.
    pub fn encode(self) -> wire::FollowResponse {
        let body = match self {
            ToClient::Welcome(welcome) => follow_response::Body::Welcome(welcome.into()),
            ToClient::Part(part) => follow_response::Body::Part(part),
            ToClient::Heartbeat(h) => follow_response::Body::Heartbeat(wire::Heartbeat {
                epoch: h.epoch.get(),
                version: Claim::encode(h.version),
                leader: h.leader.map(Into::into),
            }),
        };
        wire::FollowResponse { body: Some(body) }
    }

    /// Nothing when it is something that only a newer peer knows.
    pub fn decode(response: wire::FollowResponse) -> Result<Option<Self>, WireError> {
        Ok(match response.body {
            Some(follow_response::Body::Welcome(welcome)) => {
                Some(ToClient::Welcome(welcome.try_into()?))
            }
            Some(follow_response::Body::Part(part)) => Some(ToClient::Part(part)),
            Some(follow_response::Body::Heartbeat(h)) => Some(ToClient::Heartbeat(Heartbeat {
                epoch: Epoch::new(h.epoch),
                version: Claim::optional(&h.version, "Heartbeat")?,
                leader: h.leader.map(Into::into),
            })),
            None => None,
        })
    }
}

impl From<Leader> for wire::Leader {
    fn from(leader: Leader) -> Self {
        Self {
            address: leader.address,
            epoch: leader.epoch.get(),
        }
    }
}

impl From<wire::Leader> for Leader {
    fn from(leader: wire::Leader) -> Self {
        Self {
            address: leader.address,
            epoch: Epoch::new(leader.epoch),
        }
    }
}

impl From<Refusal> for wire::Refusal {
    fn from(refusal: Refusal) -> Self {
        Self {
            reason: refusal.reason.into(),
            detail: refusal.detail,
        }
    }
}

impl From<wire::Refusal> for Refusal {
    fn from(refusal: wire::Refusal) -> Self {
        Self {
            reason: refusal.reason(),
            detail: refusal.detail,
        }
    }
}

impl From<Ack> for wire::Ack {
    fn from(ack: Ack) -> Self {
        Self {
            serial: ack.serial,
            version: Claim::encode(ack.version),
            epoch: ack.epoch.get(),
            refusal: ack.refusal.map(Into::into),
        }
    }
}

impl TryFrom<wire::Ack> for Ack {
    type Error = WireError;
    fn try_from(ack: wire::Ack) -> Result<Self, WireError> {
        Ok(Self {
            serial: ack.serial,
            version: Claim::optional(&ack.version, "Ack")?,
            epoch: Epoch::new(ack.epoch),
            refusal: ack.refusal.map(Into::into),
        })
    }
}
