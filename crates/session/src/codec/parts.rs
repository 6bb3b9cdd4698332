//! Updates in parts, because a message has a limit and a snapshot has none.

use std::collections::{BTreeMap, btree_map};
use std::vec;

use bytes::{Bytes, BytesMut};
use sluice_snapshot::EntryKey;

use super::{Claim, Epoch, MAX_SNAPSHOT_BYTES, Reason, Refusal, Update, WireError};
use crate::wire;

/// About the size of a part: a quarter of what gRPC takes by default.
pub const PART_BYTES: usize = 1 << 20;

/// What a key or piece costs beside its bytes, generously.
const OVERHEAD: usize = 32;

/// The parts of one update, made one by one as the stream takes them.
pub struct Parts {
    serial: u64,
    epoch: Epoch,
    from: Option<Claim>,
    to: Claim,
    index: u32,
    bytes: usize,
    removes: vec::IntoIter<EntryKey>,
    upserts: btree_map::IntoIter<EntryKey, Bytes>,
    /// What did not fit into the part before.
    rest: Option<(EntryKey, Bytes)>,
    is_done: bool,
}

impl Parts {
    pub(super) fn new(update: Update, bytes: usize) -> Self {
        let mut upserts = update.upserts.into_iter();
        Self {
            serial: update.serial,
            epoch: update.epoch,
            from: update.from,
            to: update.to,
            index: 0,
            bytes: bytes.max(1),
            removes: update.removes.into_iter(),
            rest: upserts.next(),
            upserts,
            is_done: false,
        }
    }

    fn fill(&mut self, part: &mut wire::UpdatePart) {
        let mut room = self.bytes;
        while room > 0 {
            let Some(key) = self.removes.next() else {
                break;
            };
            room = room.saturating_sub(key.as_str().len() + OVERHEAD);
            part.removes.push(key.as_str().to_owned());
        }
        while let Some((key, mut bytes)) = self.rest.take() {
            let cost = key.as_str().len() + bytes.len() + OVERHEAD;
            if cost <= room {
                room -= cost;
                part.upserts.push(wire::Upsert {
                    key: key.as_str().to_owned(),
                    bytes,
                    more: false,
                });
                self.rest = self.upserts.next();
                continue;
            }
            let is_untouched = room == self.bytes;
            if is_untouched && bytes.len() > self.bytes {
                let piece = bytes.split_to(self.bytes);
                part.upserts.push(wire::Upsert {
                    key: key.as_str().to_owned(),
                    bytes: piece,
                    more: true,
                });
                self.rest = Some((key, bytes));
            } else if is_untouched {
                // Its key makes it too long; it still goes alone.
                part.upserts.push(wire::Upsert {
                    key: key.as_str().to_owned(),
                    bytes,
                    more: false,
                });
                self.rest = self.upserts.next();
            } else {
                self.rest = Some((key, bytes));
            }
            break;
        }
    }
}

impl Iterator for Parts {
    type Item = wire::UpdatePart;

    fn next(&mut self) -> Option<wire::UpdatePart> {
        if self.is_done {
            return None;
        }
        let mut part = wire::UpdatePart {
            serial: self.serial,
            epoch: self.epoch.get(),
            from: Claim::encode(self.from),
            to: Claim::encode(Some(self.to)),
            index: self.index,
            ..Default::default()
        };
        self.fill(&mut part);
        self.is_done = self.rest.is_none() && self.removes.len() == 0;
        part.last = self.is_done;
        self.index = self.index.saturating_add(1);
        Some(part)
    }
}

/// An update that will never be complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Of the update.
    pub serial: u64,
    /// Why.
    pub refusal: Refusal,
}

/// Puts the parts of a stream's updates together again.
pub struct Assembler {
    limit: usize,
    /// Parts of this update and of those before it are of no interest.
    closed: u64,
    partial: Option<Partial>,
}

struct Partial {
    update: Update,
    next: u32,
    size: usize,
    /// An entry of which pieces are still to come.
    open: Option<(EntryKey, BytesMut)>,
}

impl Default for Assembler {
    fn default() -> Self {
        Self::with_limit(MAX_SNAPSHOT_BYTES)
    }
}

impl Assembler {
    /// For one stream; an update beyond the limit in bytes is broken.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            closed: 0,
            partial: None,
        }
    }

    /// Lets the rest of an update pass by. Says whether that is news.
    pub fn skip(&mut self, serial: u64) -> bool {
        let is_news = serial > self.closed;
        self.closed = self.closed.max(serial);
        self.partial.take_if(|p| p.update.serial <= serial);
        is_news
    }

    /// Takes a part; gives the update when it was the last. Parts that were here before are ignored.
    pub fn push(&mut self, part: wire::UpdatePart) -> Result<Option<Update>, Broken> {
        let serial = part.serial;
        let current = self
            .partial
            .as_ref()
            .map_or(self.closed, |p| p.update.serial);
        if serial <= self.closed || serial < current {
            return Ok(None);
        }
        self.take(part).map_err(|refusal| {
            self.skip(serial);
            Broken { serial, refusal }
        })
    }

    fn take(&mut self, part: wire::UpdatePart) -> Result<Option<Update>, Refusal> {
        let mut partial = match self.partial.take() {
            Some(partial) if partial.update.serial == part.serial => partial,
            _ => Partial::begin(&part).map_err(|e| broken(e.to_string()))?,
        };
        if part.index < partial.next {
            self.partial = Some(partial);
            return Ok(None);
        }
        let is_last = part.last;
        partial.add(part, self.limit)?;
        if !is_last {
            self.partial = Some(partial);
            return Ok(None);
        }
        if partial.open.is_some() {
            return Err(broken("the last entry has no end"));
        }
        self.closed = partial.update.serial;
        Ok(Some(partial.update))
    }
}

impl Partial {
    fn begin(part: &wire::UpdatePart) -> Result<Self, WireError> {
        let update = Update {
            serial: part.serial,
            epoch: Epoch::new(part.epoch),
            from: Claim::optional(&part.from, "UpdatePart")?,
            to: Claim::required(&part.to, "UpdatePart", "to")?,
            upserts: BTreeMap::new(),
            removes: Vec::new(),
        };
        Ok(Self {
            update,
            next: 0,
            size: 0,
            open: None,
        })
    }

    fn add(&mut self, part: wire::UpdatePart, limit: usize) -> Result<(), Refusal> {
        if part.index != self.next {
            return Err(broken(format!(
                "part {} came, {} was due",
                part.index, self.next
            )));
        }
        let is_same = Epoch::new(part.epoch) == self.update.epoch
            && part.from == Claim::encode(self.update.from)
            && part.to == self.update.to.as_bytes();
        if !is_same {
            return Err(broken("parts of two updates under one serial"));
        }
        self.next = self.next.saturating_add(1);
        let keys = part.removes.iter().map(String::len).sum::<usize>();
        let entries = part
            .upserts
            .iter()
            .map(|u| u.key.len() + u.bytes.len())
            .sum::<usize>();
        self.size = self.size.saturating_add(keys).saturating_add(entries);
        if self.size > limit {
            let detail = format!("more than {limit} bytes");
            return Err(Refusal {
                reason: Reason::TooLarge,
                detail,
            });
        }
        self.update
            .removes
            .extend(part.removes.iter().map(|k| EntryKey::from(k.as_str())));
        part.upserts
            .into_iter()
            .try_for_each(|upsert| self.upsert(upsert))
    }

    fn upsert(&mut self, upsert: wire::Upsert) -> Result<(), Refusal> {
        let key = EntryKey::from(upsert.key.as_str());
        let bytes = match self.open.take() {
            Some((open, _)) if open != key => return Err(broken(format!("{open} has no end"))),
            Some((_, mut bytes)) => {
                bytes.extend_from_slice(&upsert.bytes);
                bytes
            }
            None if upsert.more => BytesMut::from(upsert.bytes.as_ref()),
            None => return self.put(key, upsert.bytes),
        };
        if upsert.more {
            self.open = Some((key, bytes));
            return Ok(());
        }
        self.put(key, bytes.freeze())
    }

    fn put(&mut self, key: EntryKey, bytes: Bytes) -> Result<(), Refusal> {
        match self.update.upserts.insert(key.clone(), bytes) {
            None => Ok(()),
            Some(_) => Err(broken(format!("{key} came twice"))),
        }
    }
}

fn broken(detail: impl Into<String>) -> Refusal {
    Refusal {
        reason: Reason::Broken,
        detail: detail.into(),
    }
}
