//! From one snapshot to the next.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{EntryKey, Sealer, Snapshot, Version};

/// What changed between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// The snapshot that it starts from.
    pub from: Version,
    /// The snapshot that it ends at.
    pub to: Version,
    /// Entries that are new or different, as sent.
    pub upserts: BTreeMap<EntryKey, Bytes>,
    /// Entries that are gone.
    pub removes: Vec<EntryKey>,
}

/// A delta that does not fit. Nothing was changed; ask for a full snapshot.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ApplyError {
    /// It starts from another snapshot than the one here.
    #[error("the delta starts from {from}, here is {have}")]
    WrongBase {
        /// Where the delta starts.
        from: Version,
        /// What is here.
        have: Version,
    },
    /// The result is not what the sender says it is.
    #[error("the delta leads to {got}, it says {to}")]
    WrongResult {
        /// What came out.
        got: Version,
        /// What was promised.
        to: Version,
    },
}

/// The smallest delta from `have` to `want`.
pub fn diff(have: &Snapshot, want: &Snapshot) -> Delta {
    let upserts = want
        .entries()
        .iter()
        .filter(|(key, entry)| {
            have.entries()
                .get(*key)
                .is_none_or(|old| old.hash() != entry.hash())
        })
        .map(|(key, entry)| (key.clone(), entry.bytes().clone()))
        .collect();
    let removes = have
        .entries()
        .keys()
        .filter(|key| !want.entries().contains_key(*key))
        .cloned()
        .collect();
    Delta {
        from: have.version(),
        to: want.version(),
        upserts,
        removes,
    }
}

/// Applies a delta whole, or not at all.
pub fn apply(have: &Snapshot, delta: &Delta, sealer: &Sealer) -> Result<Snapshot, ApplyError> {
    if delta.from != have.version() {
        return Err(ApplyError::WrongBase {
            from: delta.from,
            have: have.version(),
        });
    }
    let mut entries = have.entries().clone();
    for key in &delta.removes {
        entries.remove(key);
    }
    for (key, bytes) in &delta.upserts {
        entries.insert(key.clone(), sealer.seal_bytes(bytes.clone()));
    }
    let next = Snapshot::new(entries);
    if next.version() != delta.to {
        return Err(ApplyError::WrongResult {
            got: next.version(),
            to: delta.to,
        });
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mk_snapshot(content: &BTreeMap<String, Vec<u8>>) -> Snapshot {
        let sealer = Sealer::new(b"key");
        Snapshot::new(
            content
                .iter()
                .map(|(k, v)| {
                    (
                        EntryKey::from(k.as_str()),
                        sealer.seal_bytes(v.clone().into()),
                    )
                })
                .collect(),
        )
    }

    fn content() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
        prop::collection::btree_map(
            "[a-e]{1,2}",
            prop::collection::vec(any::<u8>(), 0..4),
            0..12,
        )
    }

    proptest! {
        #[test]
        fn applying_the_difference_gives_the_goal(a in content(), b in content()) {
            let (a, b) = (mk_snapshot(&a), mk_snapshot(&b));
            prop_assert_eq!(apply(&a, &diff(&a, &b), &Sealer::new(b"key")), Ok(b));
        }

        #[test]
        fn a_delta_on_the_wrong_base_changes_nothing(a in content(), b in content(), c in content()) {
            let (a, b, c) = (mk_snapshot(&a), mk_snapshot(&b), mk_snapshot(&c));
            prop_assume!(a.version() != c.version());
            let is_refused = matches!(apply(&c, &diff(&a, &b), &Sealer::new(b"key")), Err(ApplyError::WrongBase { .. }));
            prop_assert!(is_refused);
        }

        #[test]
        fn a_changed_byte_is_noticed(a in content(), b in content()) {
            let (a, b) = (mk_snapshot(&a), mk_snapshot(&b));
            let mut delta = diff(&a, &b);
            prop_assume!(!delta.upserts.is_empty());
            if let Some(bytes) = delta.upserts.values_mut().next() {
                *bytes = [bytes.as_ref(), b"x"].concat().into();
            }
            let is_refused = matches!(apply(&a, &delta, &Sealer::new(b"key")), Err(ApplyError::WrongResult { .. }));
            prop_assert!(is_refused);
        }
    }
}
