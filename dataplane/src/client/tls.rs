//! TLS to upstreams.

use std::sync::{Arc, LazyLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

/// What makes TLS to an upstream impossible, whoever asks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The bundle of authorities is no PEM, or has none in it.
    #[error("the CA bundle holds no valid certificate: {0}")]
    Bundle(String),
    /// The name to verify is none.
    #[error("{0:?} is no valid server name")]
    Name(String),
    /// The library refuses.
    #[error(transparent)]
    Library(#[from] rustls::Error),
}

/// The machine's authorities; a built-in list where there are none, as in an empty image.
static ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
});

static DEFAULT: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| config(ROOTS.clone()).ok());

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The configuration for an upstream: the machine's authorities, and those of its bundle.
pub(crate) fn client_config(ca_pem: &str) -> Result<Arc<ClientConfig>, TlsError> {
    if ca_pem.is_empty() {
        return DEFAULT
            .clone()
            .ok_or_else(|| TlsError::Library(rustls::Error::General("no TLS provider".into())));
    }
    let mut roots = ROOTS.clone();
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|e| TlsError::Bundle(e.to_string()))?;
        roots
            .add(certificate)
            .map_err(|e| TlsError::Bundle(e.to_string()))?;
        added += 1;
    }
    if added == 0 {
        return Err(TlsError::Bundle("it is empty".to_owned()));
    }
    Ok(config(roots)?)
}

pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
        .map_err(|_| TlsError::Name(name.to_owned()))
}
