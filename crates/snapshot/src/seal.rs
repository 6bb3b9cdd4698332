//! Entries as bytes, their hashes, and the version over all of them.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use prost::Message;
use sha2::{Digest, Sha256};
use sluice_vocab::Origin;

use crate::EntryKey;
use crate::model::{self, entry::Body};

/// One entry as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Bytes,
    hash: [u8; 32],
}

/// The bytes are no entry that this build understands.
#[derive(Debug, thiserror::Error)]
#[error("entry {key} cannot be decoded: {source}")]
pub struct DecodeError {
    key: EntryKey,
    source: prost::DecodeError,
}

impl Sealed {
    /// The encoded `model::Entry`. May hold a credential.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Hash of the bytes, keyed with the install key, so that a hash in a log says nothing about a secret.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Decodes the entry; `key` is for the error's text.
    pub fn decode(&self, key: &EntryKey) -> Result<model::Entry, DecodeError> {
        model::Entry::decode(self.bytes.clone()).map_err(|source| DecodeError {
            key: key.clone(),
            source,
        })
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.bytes.len())
    }
}

/// Makes entries. Holds the install key: random once per installation, known to operator and data planes only.
#[derive(Clone)]
pub struct Sealer {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}

impl Sealer {
    /// With the install key, of any length.
    pub fn new(install_key: &[u8]) -> Self {
        // HMAC takes keys of any length (RFC 2104, section 2), so there is no failure to report.
        let mac = Hmac::<Sha256>::new_from_slice(install_key)
            .unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
        Self { mac }
    }

    /// Encodes one body.
    pub fn seal(&self, origin: &Origin, body: Body) -> Sealed {
        let entry = model::Entry {
            origin: Some(model::Origin {
                kind: origin.object.kind.as_str().to_owned(),
                namespace: origin.object.namespace.to_string(),
                name: origin.object.name.to_string(),
                generation: origin.generation,
                path: origin.path.clone(),
            }),
            body: Some(body),
        };
        self.seal_bytes(entry.encode_to_vec().into())
    }

    /// Takes bytes as they were received.
    pub fn seal_bytes(&self, bytes: Bytes) -> Sealed {
        let mut mac = self.mac.clone();
        mac.update(&bytes);
        Sealed {
            hash: mac.finalize().into_bytes().into(),
            bytes,
        }
    }
}

/// Identifies a snapshot by its content. Equal content has an equal version wherever it was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version([u8; 16]);

impl Version {
    /// Over the sorted keys and hashes.
    fn of(entries: &BTreeMap<EntryKey, Sealed>) -> Self {
        let mut digest = Sha256::new();
        for (key, entry) in entries {
            digest.update((key.as_str().len() as u64).to_be_bytes());
            digest.update(key.as_str());
            digest.update(entry.hash);
        }
        let mut version = [0; 16];
        version.copy_from_slice(&digest.finalize()[..16]);
        Self(version)
    }

    /// The bytes as sent.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Everything that the data planes of one Gateway run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    version: Version,
    entries: BTreeMap<EntryKey, Sealed>,
}

impl Snapshot {
    /// From its entries.
    pub fn new(entries: BTreeMap<EntryKey, Sealed>) -> Self {
        Self {
            version: Version::of(&entries),
            entries,
        }
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its entries by key.
    pub fn entries(&self) -> &BTreeMap<EntryKey, Sealed> {
        &self.entries
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries as they are hashed into a version.
    fn version(entries: &[(&str, [u8; 32])]) -> Version {
        let sealed = |hash: &[u8; 32]| Sealed {
            bytes: Bytes::new(),
            hash: *hash,
        };
        let entries = entries.iter().map(|(k, hash)| ((*k).into(), sealed(hash)));
        Snapshot::new(entries.collect()).version()
    }

    #[test]
    fn two_entries_are_not_one_whose_key_spells_both() {
        let (first, second) = ([b'h'; 32], [0; 32]);
        let spelled = format!("a{}b", "h".repeat(32));
        assert_ne!(
            version(&[("a", first), ("b", second)]),
            version(&[(&spelled, second)])
        );
    }

    #[test]
    fn a_hash_says_nothing_to_who_lacks_the_install_key() {
        let hash = |key: &[u8]| *Sealer::new(key).seal_bytes(Bytes::from_static(b"x")).hash();
        assert_ne!(hash(b"a"), hash(b"b"));
        // RFC 2104: a key of another length is another key.
        assert_ne!(hash(b"a"), hash(&[b'a'; 100]));
        assert_eq!(hash(b"a"), hash(b"a"));
    }

    #[test]
    fn what_holds_a_secret_prints_none_of_it() {
        let credential = model::Credential {
            value: b"sk-1".to_vec(),
        };
        let certificate = model::Certificate {
            chain: vec![b"chain".to_vec()],
            key: b"sk-1".to_vec(),
        };
        let sealer = Sealer::new(b"sk-1");
        let sealed = sealer.seal_bytes(Bytes::from_static(b"sk-1"));
        assert_eq!(format!("{credential:?}"), "Credential(***)");
        assert_eq!(format!("{certificate:?}"), "Certificate(***)");
        assert_eq!(format!("{sealer:?}"), "Sealer(***)");
        assert_eq!(format!("{sealed:?}"), "Sealed(4 bytes)");
    }

    #[test]
    fn a_version_prints_the_bytes_that_are_sent() {
        let (one, other) = (version(&[("a", [0; 32])]), version(&[("b", [0; 32])]));
        assert_ne!(one.as_bytes(), other.as_bytes());
        let hex: String = one.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!((one.to_string(), hex.len()), (hex.clone(), 32));
    }

    #[test]
    fn a_version_changes_with_every_key_and_every_hash() {
        let one = version(&[("a", [0; 32])]);
        for other in [
            version(&[]),
            version(&[("b", [0; 32])]),
            version(&[("a", [1; 32])]),
            version(&[("a", [0; 32]), ("b", [0; 32])]),
        ] {
            assert_ne!(one, other);
        }
    }
}
