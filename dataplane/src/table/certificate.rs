//! Certificates that listeners show.

use std::sync::{Arc, LazyLock};

use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use sluice_snapshot::model;

/// A certificate and its key, ready to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    key: Arc<CertifiedKey>,
    /// Equal for equal content.
    pub(crate) digest: [u8; 32],
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(default_provider()));

/// For names that nobody listens to: the client is told so, and let go.
static REFUSING: LazyLock<Option<Arc<ServerConfig>>> = LazyLock::new(|| config(Vec::new()).ok());

impl Certificate {
    /// An error says what can't be used, and nothing of the key.
    pub(crate) fn realise(certificate: &model::Certificate) -> Result<Self, String> {
        let chain = certificate
            .chain
            .iter()
            .map(|der| CertificateDer::from(der.clone()))
            .collect();
        let key = PrivateKeyDer::try_from(certificate.key.clone())
            .map_err(|_| "the private key is of no kind that is known".to_owned())?;
        let key = CertifiedKey::from_der(chain, key, &PROVIDER)
            .map_err(|error| format!("certificate and private key cannot be used: {error}"))?;
        let mut digest = Sha256::new();
        for der in certificate.chain.iter().chain([&certificate.key]) {
            digest.update((der.len() as u64).to_be_bytes());
            digest.update(der);
        }
        Ok(Self {
            key: Arc::new(key),
            digest: digest.finalize().into(),
        })
    }
}

/// What a listener with these certificates says in handshakes.
pub(crate) fn server_config(certificates: &[Certificate]) -> Result<Arc<ServerConfig>, String> {
    config(certificates.iter().map(|c| c.key.clone()).collect()).map_err(|error| error.to_string())
}

/// What a client is told whose name leads to no certificate.
pub(crate) fn refusing() -> Option<Arc<ServerConfig>> {
    REFUSING.clone()
}

fn config(certificates: Vec<Arc<CertifiedKey>>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Choice(certificates)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Sessions are resumed by what the client keeps, not by what is kept here.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Ticketer::new()?;
    Ok(Arc::new(config))
}

/// Of several certificates the first that is for the client's name and that it can read; else the first that it can read.
#[derive(Debug)]
struct Choice(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let readable = || {
            self.0
                .iter()
                .filter(|c| c.key.choose_scheme(hello.signature_schemes()).is_some())
        };
        let name = hello
            .server_name()
            .and_then(|name| ServerName::try_from(name).ok());
        let named = name.and_then(|name| readable().find(|c| is_for(c, &name)));
        named.or_else(|| readable().next()).cloned()
    }
}

fn is_for(certificate: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = certificate
        .end_entity_cert()
        .ok()
        .and_then(|der| ParsedCertificate::try_from(der).ok());
    parsed.is_some_and(|parsed| verify_server_name(&parsed, name).is_ok())
}
