//! Keys and certificates.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};
use sluice_vocab::Secret;

/// How long an authority is valid, in seconds.
pub(super) const LIFETIME: u64 = 365 * 86_400;
/// How long a leaf is, in seconds.
pub(super) const LEAF_LIFETIME: u64 = 86_400;
/// Clocks may differ by so much.
const SKEW: u64 = 300;

/// A certificate authority: its certificate, and its key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    /// Seconds since 1970.
    pub created: u64,
    /// Its certificate, in PEM.
    pub certificate: String,
    /// Its private key, in PEM.
    key: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

/// A server's certificate, and its key.
#[derive(Debug)]
pub struct Leaf {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
}

impl Authority {
    /// A new one, valid from `now` for a year.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(now: u64) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = params(now)?.self_signed(&key)?;
        Ok(Self {
            created: now,
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// When it is no longer valid, in seconds since 1970.
    pub fn expires(&self) -> u64 {
        self.created + LIFETIME
    }

    /// Signs a server's certificate for those names, valid for a day.
    ///
    /// # Errors
    /// When its own key can't be read, or a name is none.
    pub fn issue(&self, now: u64, names: &[String]) -> Result<Leaf, rcgen::Error> {
        let issuer = Issuer::new(params(self.created)?, KeyPair::from_pem(&self.key)?);
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name
            .push(DnType::CommonName, "sluice-operator");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (leaf.not_before, leaf.not_after) =
            (time(now - SKEW).into(), time(now + LEAF_LIFETIME).into());
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &issuer)?;
        let der = Secret::new(key.serialize_der());
        let key = PrivateKeyDer::Pkcs8(der.expose().to_vec().into());
        Ok(Leaf {
            certificate: certificate.der().clone(),
            key,
        })
    }
}

/// The same for the same time, so that an issuer can be made again from its key.
fn params(created: u64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, format!("sluice-operator {created}"));
    (params.not_before, params.not_after) =
        (time(created - SKEW).into(), time(created + LIFETIME).into());
    Ok(params)
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
