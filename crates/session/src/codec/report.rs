//! What the leader is told.

use sluice_snapshot::{EntryKey, model};

use super::hello::{decode_gateway, decode_policies, encode_gateway, encode_policies, required};
use super::{Claim, Epoch, HealthState, Identity, PROTOCOL, Refusal, WireError, speaks};
use crate::wire;

/// A report names so many diagnostics and counts the rest, so that it stays a message.
pub const MAX_DIAGNOSTICS: usize = 2000;
/// Of one text for people.
const MAX_TEXT: usize = 1000;

/// All about one data plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who it is.
    pub identity: Identity,
    /// Grows with every start of the process.
    pub incarnation: u64,
    /// Grows with every report of an incarnation.
    pub sequence: u64,
    /// The highest epoch seen.
    pub epoch: Epoch,
    /// What runs.
    pub version: Option<Claim>,
    /// Why the last update was refused; nothing when it was applied.
    pub refusal: Option<Refusal>,
    /// How it fares.
    pub vitals: Vitals,
}

/// How a data plane fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vitals {
    /// What of the version can't be realised.
    pub diagnostics: Vec<Diagnostic>,
    /// Diagnostics that were left out.
    pub omitted: u32,
    /// Of upstreams.
    pub health: Vec<Health>,
    /// Since the process began.
    pub counters: Vec<Counter>,
}

/// Something of a snapshot that a data plane can't run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The entry.
    pub key: EntryKey,
    /// The resource that it was compiled from, as the entry says; nothing when the entry can't be read.
    pub origin: Option<model::Origin>,
    /// Why, in a sentence.
    pub message: String,
}

/// The state of one upstream, as one data plane sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The upstream's entry.
    pub key: EntryKey,
    /// A newer peer's state is `Unspecified`.
    pub state: HealthState,
    /// For people.
    pub detail: String,
}

/// A number that only grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What is counted.
    pub name: String,
    /// The entry that it is about; nothing for the whole data plane.
    pub key: Option<EntryKey>,
    /// How many.
    pub value: u64,
}

impl Report {
    /// As it travels. Diagnostics beyond [`MAX_DIAGNOSTICS`] are counted, long texts are cut.
    pub fn encode(self) -> wire::ReportRequest {
        let Vitals {
            mut diagnostics,
            omitted,
            health,
            counters,
        } = self.vitals;
        let beyond =
            u32::try_from(diagnostics.len().saturating_sub(MAX_DIAGNOSTICS)).unwrap_or(u32::MAX);
        diagnostics.truncate(MAX_DIAGNOSTICS);
        wire::ReportRequest {
            protocol: PROTOCOL,
            gateway: Some(encode_gateway(&self.identity.gateway)),
            instance: self.identity.instance,
            incarnation: self.incarnation,
            sequence: self.sequence,
            epoch: self.epoch.get(),
            version: Claim::encode(self.version),
            policies: encode_policies(self.identity.policies),
            diagnostics: diagnostics.into_iter().map(Into::into).collect(),
            omitted: omitted.saturating_add(beyond),
            health: health.into_iter().map(Into::into).collect(),
            counters: counters.into_iter().map(Into::into).collect(),
            software: self.identity.software,
            refusal: self.refusal.map(Into::into),
        }
    }
}

impl TryFrom<wire::ReportRequest> for Report {
    type Error = WireError;
    fn try_from(report: wire::ReportRequest) -> Result<Self, WireError> {
        speaks(report.protocol)?;
        Ok(Self {
            identity: Identity {
                gateway: decode_gateway(report.gateway, "ReportRequest")?,
                instance: required(report.instance, "ReportRequest", "instance")?,
                policies: decode_policies(report.policies),
                software: report.software,
            },
            incarnation: report.incarnation,
            sequence: report.sequence,
            epoch: Epoch::new(report.epoch),
            version: Claim::optional(&report.version, "ReportRequest")?,
            refusal: report.refusal.map(Into::into),
            vitals: Vitals {
                diagnostics: report.diagnostics.into_iter().map(Into::into).collect(),
                omitted: report.omitted,
                health: report.health.into_iter().map(Into::into).collect(),
                counters: report.counters.into_iter().map(Into::into).collect(),
            },
        })
    }
}

impl From<Diagnostic> for wire::Diagnostic {
    fn from(d: Diagnostic) -> Self {
        Self {
            key: d.key.as_str().to_owned(),
            origin: d.origin,
            message: cut(d.message),
        }
    }
}

impl From<wire::Diagnostic> for Diagnostic {
    fn from(d: wire::Diagnostic) -> Self {
        Self {
            key: EntryKey::from(d.key.as_str()),
            origin: d.origin,
            message: d.message,
        }
    }
}

impl From<Health> for wire::Health {
    fn from(h: Health) -> Self {
        Self {
            key: h.key.as_str().to_owned(),
            state: h.state.into(),
            detail: cut(h.detail),
        }
    }
}

impl From<wire::Health> for Health {
    fn from(h: wire::Health) -> Self {
        Self {
            key: EntryKey::from(h.key.as_str()),
            state: h.state(),
            detail: h.detail,
        }
    }
}

impl From<Counter> for wire::Counter {
    fn from(c: Counter) -> Self {
        let key = c.key.map(|k| k.as_str().to_owned()).unwrap_or_default();
        Self {
            name: c.name,
            key,
            value: c.value,
        }
    }
}

impl From<wire::Counter> for Counter {
    fn from(c: wire::Counter) -> Self {
        let key = (!c.key.is_empty()).then(|| EntryKey::from(c.key.as_str()));
        Self {
            name: c.name,
            key,
            value: c.value,
        }
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text
}
