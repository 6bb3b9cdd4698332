//! RS256, with what TLS signs with.

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sluice_llm::token::NoToken;
use sluice_vocab::Secret;

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2). Nothing of the key stands in the error.
pub(super) fn rs256(key: &Secret, message: &[u8]) -> Result<Vec<u8>, NoToken> {
    let broken = || NoToken("private_key of the Google credentials is no RSA key".to_owned());
    let key = PrivateKeyDer::from_pem_slice(key.expose()).map_err(|_| broken())?;
    let key = any_supported_type(&key).map_err(|_| broken())?;
    let signer = key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
        .ok_or_else(broken)?;
    signer.sign(message).map_err(|_| broken())
}
