//! When authorities come and go, as a function of the time.
//!
//! A new one is trusted before it signs, and an old one as long as something that it signed may be in use: so that no data plane ever
//! meets a certificate that it doesn't know.

use serde::{Deserialize, Serialize};

use super::issue::{Authority, LEAF_LIFETIME, LIFETIME};

/// A new authority signs when it was in the bundle for so long, in seconds: kubelets take minutes to renew mounted files.
const SETTLE: u64 = 3_600;
/// A new authority comes when the newest is so old, in seconds.
const RENEW: u64 = LIFETIME / 3 * 2;

/// Certificate authorities, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Authorities(Vec<Authority>);

impl Authorities {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that there should be by now; nothing when nothing changes.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn rotated(&self, now: u64) -> Result<Option<Self>, rcgen::Error> {
        let settled = self.0.iter().rposition(|a| a.created + SETTLE <= now);
        // Signed until the next one had settled, and a leaf's life longer.
        let is_over = |i: usize, a: &Authority| {
            let next = self
                .0
                .get(i + 1)
                .map(|n| n.created + SETTLE + LEAF_LIFETIME);
            a.expires() <= now || (settled.is_some_and(|s| i < s) && next.is_some_and(|n| n <= now))
        };
        let kept = self
            .0
            .iter()
            .enumerate()
            .filter(|(i, a)| !is_over(*i, a))
            .map(|(_, a)| a.clone());
        let mut next: Vec<Authority> = kept.collect();
        let is_due = next
            .last()
            .is_none_or(|newest| newest.created + RENEW <= now);
        if is_due {
            next.push(Authority::new(now)?);
        }
        Ok((is_due || next.len() != self.0.len()).then_some(Self(next)))
    }

    /// The one that signs now.
    pub fn signer(&self, now: u64) -> Option<&Authority> {
        let settled = self.0.iter().rev().find(|a| a.created + SETTLE <= now);
        settled.or(self.0.first())
    }

    /// All certificates, in PEM.
    pub fn bundle(&self) -> String {
        self.0.iter().map(|a| a.certificate.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is trusted and who signs, hour by hour over years.
    #[test]
    fn every_leaf_in_use_was_signed_by_an_authority_long_in_the_bundle() {
        let start = 1_700_000_000;
        let mut state = Authorities::default().rotated(start).unwrap().unwrap();
        let mut leaves: Vec<(u64, u64)> = Vec::new();
        let mut trusted_since = std::collections::BTreeMap::new();
        let mut most = 0;
        for now in (start..start + 3 * LIFETIME).step_by(3_600) {
            if let Some(next) = state.rotated(now).unwrap() {
                state = next;
            }
            for authority in &state.0 {
                trusted_since.entry(authority.created).or_insert(now);
            }
            let signer = state.signer(now).unwrap();
            assert!(signer.expires() > now + LEAF_LIFETIME);
            let is_first = signer.created == start;
            assert!(is_first || trusted_since[&signer.created] + SETTLE <= now);
            leaves.push((now, signer.created));
            leaves.retain(|(at, _)| at + LEAF_LIFETIME > now);
            let trusted: Vec<u64> = state.0.iter().map(|a| a.created).collect();
            assert!(leaves.iter().all(|(_, by)| trusted.contains(by)));
            most = most.max(state.len());
        }
        assert_eq!(most, 2);
        assert!(trusted_since.len() >= 4);
    }

    #[test]
    fn nothing_changes_when_nothing_is_due() {
        let state = Authorities::default()
            .rotated(1_700_000_000)
            .unwrap()
            .unwrap();
        assert!(state.rotated(1_700_000_000 + 86_400).unwrap().is_none());
    }

    #[test]
    fn a_leaf_is_trusted_by_the_bundle() {
        let now = super::super::now();
        let state = Authorities::default().rotated(now).unwrap().unwrap();
        let name = "sluice-operator.sluice.internal".to_owned();
        let leaf = state.signer(now).unwrap().issue(now, &[name]).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        for pem in state
            .bundle()
            .split_inclusive("-----END CERTIFICATE-----\r\n")
            .filter(|p| p.contains("BEGIN"))
        {
            let der = rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap();
            roots.add(der).unwrap();
        }
        assert_eq!(roots.len(), 1);
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            rustls::client::WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
                .build()
                .unwrap();
        let server = "sluice-operator.sluice.internal".try_into().unwrap();
        use rustls::client::danger::ServerCertVerifier;
        let time = rustls::pki_types::UnixTime::now();
        verifier
            .verify_server_cert(&leaf.certificate, &[], &server, &[], time)
            .unwrap();
    }
}
