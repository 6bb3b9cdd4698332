//! Updates: a whole snapshot, or what changed since another.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use sluice_snapshot::{Delta, EntryKey, Sealer, Snapshot};

use super::{Claim, Epoch, PART_BYTES, Parts, Reason, Refusal};

/// More than this in keys and bytes is refused while it arrives.
pub const MAX_SNAPSHOT_BYTES: usize = 256 << 20;

/// One update. Doesn't print its content, which holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Update {
    /// Within its stream, from 1.
    pub serial: u64,
    /// Of the sender's configuration.
    pub epoch: Epoch,
    /// What it changes; nothing when it is whole.
    pub from: Option<Claim>,
    /// What it leads to.
    pub to: Claim,
    /// Entries that are new or different, as sent.
    pub upserts: BTreeMap<EntryKey, Bytes>,
    /// Entries that are gone.
    pub removes: Vec<EntryKey>,
}

impl Update {
    /// The whole snapshot.
    pub fn full(serial: u64, epoch: Epoch, want: &Snapshot) -> Self {
        let upserts = want
            .entries()
            .iter()
            .map(|(k, e)| (k.clone(), e.bytes().clone()))
            .collect();
        Self {
            serial,
            epoch,
            from: None,
            to: want.version().into(),
            upserts,
            removes: Vec::new(),
        }
    }

    /// What changed.
    pub fn delta(serial: u64, epoch: Epoch, delta: Delta) -> Self {
        let Delta {
            from,
            to,
            upserts,
            removes,
        } = delta;
        Self {
            serial,
            epoch,
            from: Some(from.into()),
            to: to.into(),
            upserts,
            removes,
        }
    }

    /// Cut so that no message exceeds what gRPC takes by default.
    pub fn into_parts(self) -> Parts {
        self.into_parts_of(PART_BYTES)
    }

    /// Cut into parts of about that size.
    pub fn into_parts_of(self, bytes: usize) -> Parts {
        Parts::new(self, bytes)
    }

    /// The snapshot that it leads to, if it fits what runs and its content is what it says. Changes nothing.
    pub fn realise(
        &self,
        running: Option<&Snapshot>,
        sealer: &Sealer,
    ) -> Result<Snapshot, Refusal> {
        let mut entries = match (self.from, running) {
            (None, _) => BTreeMap::new(),
            (Some(from), Some(running)) if from == running.version() => running.entries().clone(),
            (Some(from), running) => {
                let have = running.map_or("nothing".to_owned(), |r| r.version().to_string());
                let detail = format!("it starts from {from}, here is {have}");
                return Err(Refusal {
                    reason: Reason::WrongBase,
                    detail,
                });
            }
        };
        for key in &self.removes {
            entries.remove(key);
        }
        let sealed = self
            .upserts
            .iter()
            .map(|(k, bytes)| (k.clone(), sealer.seal_bytes(bytes.clone())));
        entries.extend(sealed);
        let next = Snapshot::new(entries);
        if self.to == next.version() {
            Ok(next)
        } else {
            let detail = format!("it leads to {}, and says {}", next.version(), self.to);
            Err(Refusal {
                reason: Reason::WrongResult,
                detail,
            })
        }
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("serial", &self.serial)
            .field("epoch", &self.epoch.get())
            .field("from", &self.from.map(|c| c.to_string()))
            .field("to", &self.to.to_string())
            .field("upserts", &self.upserts.len())
            .field("removes", &self.removes.len())
            .finish()
    }
}
