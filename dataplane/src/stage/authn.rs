//! Who calls, before a byte of the body is read.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, StatusCode, header};
use sha2::{Digest, Sha256};
use sluice_policy::authentication::ESA_HEADER;
use sluice_vocab::{ErrorType, Secret};

use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Authn, Plan};

/// Headers in which clients of the three formats, of Azure and of ESA send a credential.
pub(crate) const CREDENTIAL_HEADERS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static(ESA_HEADER),
];

/// Who calls.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    /// The name of the key's Secret; `None` where nobody asked.
    pub(crate) name: Option<Arc<str>>,
    /// A credential that is not the gateway's own, for providers that take the caller's.
    pub(crate) credential: Option<Secret>,
}

pub(crate) fn authn(plan: &Plan, parts: &Parts) -> Result<Caller, Rejected> {
    if let Some(why) = &plan.poisoned {
        return Err(Rejection::internal(Stage::Authn, "a policy of this route cannot be applied").detail(why.clone()));
    }
    let own: &[HeaderName] = &CREDENTIAL_HEADERS;
    let further = plan.authn.iter().flat_map(|a| &a.headers);
    let presented: Vec<Cow<'_, [u8]>> = own
        .iter()
        .chain(further)
        .flat_map(|name| parts.headers.get_all(name))
        .map(|value| Cow::Borrowed(without_scheme(value.as_bytes())))
        .chain(query_key(parts))
        .filter(|key| !key.is_empty())
        .collect();
    let mut caller = Caller::default();
    let mut used = None;
    for authn in &plan.authn {
        let (index, name) = known(authn, &presented).ok_or_else(|| denied(presented.is_empty()))?;
        caller.name = Some(name.clone());
        used = Some(index);
    }
    caller.credential = presented.iter().enumerate().find(|(i, _)| Some(*i) != used).map(|(_, key)| Secret::new(key.to_vec()));
    Ok(caller)
}

/// The digest is what is looked up, so that how long it takes says nothing about a key.
fn known<'p>(authn: &'p Authn, presented: &[Cow<'_, [u8]>]) -> Option<(usize, &'p Arc<str>)> {
    presented.iter().enumerate().find_map(|(i, key)| {
        let digest: [u8; 32] = Sha256::digest(key).into();
        authn.callers.get(&digest).map(|name| (i, name))
    })
}

fn denied(nothing: bool) -> Rejected {
    let text = if nothing {
        "no API key: send it as `Authorization: Bearer KEY`"
    } else {
        "the API key is not valid here"
    };
    Rejection::new(Stage::Authn, ErrorType::Auth, StatusCode::UNAUTHORIZED, text).code("invalid_api_key")
}

fn without_scheme(value: &[u8]) -> &[u8] {
    match value.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case(b"bearer ") => value[7..].trim_ascii(),
        _ => value.trim_ascii(),
    }
}

/// Google's `?key=`.
fn query_key(parts: &Parts) -> Option<Cow<'_, [u8]>> {
    let value = crate::table::query_value(parts.uri.query()?, "key")?;
    Some(match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}
