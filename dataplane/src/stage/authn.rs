//! Who calls, before a byte of the body is read.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, header};
use sha2::{Digest, Sha256};
use sluice_policy::authentication::ESA_HEADER;
use sluice_vocab::{ErrorCode, Secret};

use crate::party::Party;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::table::{Authn, Known, Plan};

/// Headers in which clients of the three formats, of Azure and of ESA send a credential.
pub(crate) static CREDENTIAL_HEADERS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static(ESA_HEADER),
];

/// Who calls. There is no other way to get one than to be let in, and without one no body is read.
pub(crate) struct Caller {
    known: Option<(Arc<str>, Arc<Party>)>,
}

impl Caller {
    /// The name of the key's Secret; `None` where nobody asked for a key.
    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.known.as_ref().map(|(name, _)| name)
    }

    /// With whom it counts together; `None` where nobody asked for a key.
    pub(crate) fn party(&self) -> Option<&Arc<Party>> {
        self.known.as_ref().map(|(_, party)| party)
    }
}

/// Lets the caller in, and takes the gateway's own credential out of the request: what is left is the caller's for a provider.
pub(crate) fn authn(plan: &Plan, parts: &mut Parts) -> Result<Caller, Rejected> {
    if let Some(why) = &plan.poisoned {
        let text = "a policy of this route cannot be applied";
        return Err(
            Rejection::new(Stage::Authn, ErrorCode::InvalidPolicy, text).detail(why.clone())
        );
    }
    if plan.authn.is_empty() {
        return Ok(Caller { known: None });
    }
    let presented: Vec<_> = presented(plan, parts).collect();
    let mut caller = None;
    for authn in &plan.authn {
        let known = known(authn, &presented).ok_or_else(|| denied(presented.is_empty()))?;
        caller = Some((known.name.clone(), known.party.clone()));
    }
    // Clients send one key in several ways; none of them may reach a provider.
    let own = |key: &[u8]| {
        plan.authn
            .iter()
            .any(|a| a.callers.contains_key(&digest(key)))
    };
    let carriers: Vec<_> = presented
        .iter()
        .filter(|(_, key)| own(key))
        .map(|(header, _)| header.cloned())
        .collect();
    drop(presented);
    for carrier in carriers {
        match carrier {
            Some(header) => {
                parts.headers.remove(header);
            }
            None => without_query_key(parts),
        }
    }
    for header in plan.authn.iter().flat_map(|a| &a.headers) {
        parts.headers.remove(header);
    }
    Ok(Caller { known: caller })
}

/// The caller's own credential for a provider.
pub(crate) fn credential(parts: &Parts) -> Option<Secret> {
    presented(&Plan::default(), parts)
        .next()
        .map(|(_, key)| Secret::new(key.into_owned()))
}

/// Every credential of a request, with the header that carries it; `None` for the query's.
fn presented<'p>(
    plan: &'p Plan,
    parts: &'p Parts,
) -> impl Iterator<Item = (Option<&'p HeaderName>, Cow<'p, [u8]>)> {
    let names = CREDENTIAL_HEADERS
        .iter()
        .chain(plan.authn.iter().flat_map(|a| &a.headers));
    names
        .flat_map(|name| {
            parts
                .headers
                .get_all(name)
                .iter()
                .map(move |value| (Some(name), value))
        })
        .map(|(name, value)| (name, Cow::Borrowed(without_scheme(value.as_bytes()))))
        .chain(query_key(parts).map(|key| (None, key)))
        .filter(|(_, key)| !key.is_empty())
}

/// Takes `key=` out of the query.
fn without_query_key(parts: &mut Parts) {
    let rest: Vec<&str> = parts
        .uri
        .query()
        .unwrap_or("")
        .split('&')
        .filter(|p| !p.starts_with("key="))
        .collect();
    let query = if rest.is_empty() {
        String::new()
    } else {
        format!("?{}", rest.join("&"))
    };
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    let path = uri.path_and_query.as_ref().map_or("/", |p| p.path());
    uri.path_and_query = format!("{path}{query}").parse().ok();
    parts.uri = http::Uri::from_parts(uri).unwrap_or_default();
}

/// The digest is what is looked up, so that how long it takes says nothing about a key.
fn known<'p>(
    authn: &'p Authn,
    presented: &[(Option<&HeaderName>, Cow<'_, [u8]>)],
) -> Option<&'p Known> {
    presented
        .iter()
        .find_map(|(_, key)| authn.callers.get(&digest(key)))
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn denied(nothing: bool) -> Rejected {
    let text = if nothing {
        "no API key: send it as `Authorization: Bearer KEY`"
    } else {
        "the API key is not valid here"
    };
    Rejection::new(Stage::Authn, ErrorCode::InvalidApiKey, text)
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
