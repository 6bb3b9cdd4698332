//! What a provider is shown: the gateway's credential, or the caller's own.

use std::time::{SystemTime, UNIX_EPOCH};

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue};
use sluice_llm::Format;
use sluice_llm::sigv4::{self, Signed};
use sluice_llm::token::NoToken;
use sluice_vocab::{ErrorCode, Secret};

use super::authn;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Auth, Leaf};

/// The credential for a request; `None` for a provider that wants none.
pub(crate) async fn credential(
    leaf: &Leaf,
    parts: &Parts,
    record: &Record,
) -> Result<Option<Secret>, Rejected> {
    match &leaf.auth {
        Auth::None => Ok(None),
        Auth::Passthrough => match authn::credential(parts) {
            Some(own) => Ok(Some(own)),
            None => {
                let text = "this model is called with your own credential of the provider, and the request has none";
                Err(Rejection::new(
                    Stage::Translate,
                    ErrorCode::MissingCredential,
                    text,
                ))
            }
        },
        Auth::Credential(_) | Auth::Minted(_) if record.shared().credentials_expired() => {
            Err(expired())
        }
        Auth::Credential(secret) => Ok(Some(secret.clone())),
        Auth::Minted(minter) => minter
            .get(record.shared())
            .await
            .map(Some)
            .map_err(no_token),
    }
}

/// Shows it in the provider's way: in a header, or by a signature.
pub(crate) fn show(
    headers: &mut HeaderMap,
    leaf: &Leaf,
    credential: &Secret,
    (path, body): (&PathAndQuery, Option<&[u8]>),
) -> Result<(), Rejected> {
    if leaf.provider.format == Format::Bedrock
        && let Some(keys) = sigv4::Keys::parse(credential)
    {
        return sign(headers, leaf, &keys, path, body.unwrap_or_default());
    }
    if leaf.provider.authorize(headers, credential) {
        return Ok(());
    }
    Err(Rejection::new(
        Stage::Translate,
        ErrorCode::InvalidCredential,
        "the provider's credential cannot stand in a header",
    ))
}

/// The caller can do nothing about it, and need not know of whom a token was asked.
fn no_token(NoToken(why): NoToken) -> Rejected {
    let text = "the gateway has no token for the provider at the moment";
    Rejection::new(Stage::Translate, ErrorCode::NoProviderToken, text).detail(why)
}

/// With keys of AWS the request is signed, and they stay here.
fn sign(
    headers: &mut HeaderMap,
    leaf: &Leaf,
    keys: &sigv4::Keys,
    path: &PathAndQuery,
    body: &[u8],
) -> Result<(), Rejected> {
    let host = leaf.pool.host();
    let signed = Signed {
        method: "POST",
        host: host.to_str().unwrap_or(""),
        path: path.path(),
        query: path.query().unwrap_or(""),
        body,
        region: &leaf.settings.location,
        service: "bedrock",
        now: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs(),
    };
    for (name, value) in sigv4::headers(&signed, keys) {
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            Rejection::new(
                Stage::Translate,
                ErrorCode::InvalidCredential,
                "the provider's keys cannot stand in a header",
            )
        })?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(())
}

/// One that was revoked meanwhile must not go on being used because nobody could say so.
fn expired() -> Rejected {
    let text = "the gateway has been without its operator for too long to use its credentials";
    Rejection::new(Stage::Translate, ErrorCode::CredentialsExpired, text)
}
