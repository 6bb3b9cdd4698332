//! Choosing a value of a Secret.

use std::borrow::Cow;

use sluice_crds::SecretRef;
use sluice_snapshot::EntryKey;
use sluice_snapshot::model::{self, entry::Body};
use sluice_vocab::{Finding, Kind, ObjectRef, Origin, Reason, Secret};

use crate::grant;
use crate::pool::{Pool, key};
use crate::resources::Name;
use crate::world::World;

/// Keys of a credential, in order, when the reference names none.
const DEFAULT_KEYS: [&str; 2] = ["Authorization", "apiKey"];

/// A value of a Secret, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) secret: Name,
    pub(crate) key: String,
    pub(crate) value: Secret,
}

/// Finds a credential: whitespace around it and a leading `Bearer ` are dropped.
pub(crate) fn credential(
    world: &World<'_>,
    referrer: (Kind, &str),
    reference: &SecretRef,
) -> Result<Found, Finding> {
    let found = value(world, referrer, reference, &DEFAULT_KEYS)?;
    let bare = bare(found.value.expose());
    if bare.is_empty() {
        let message = format!(
            "key {} of Secret {} is empty: put the credential there",
            found.key, found.secret
        );
        return Err(Finding::error(Reason::SecretKeyNotFound, "", message));
    }
    Ok(Found {
        value: Secret::new(bare),
        ..found
    })
}

/// Finds the keys of an AWS account, as `ID:SECRET` or `ID:SECRET:SESSION`: those of a Secret that has them and of which no key is
/// named. Their names are those of AWS' environment variables, or in camel case.
pub(crate) fn aws_keys(
    world: &World<'_>,
    referrer: (Kind, &str),
    reference: &SecretRef,
) -> Option<Result<Found, Finding>> {
    if reference.key.is_some() {
        return None;
    }
    let find = |names: [&str; 2]| value(world, referrer, reference, &names);
    let id = match find(["accessKeyId", "AWS_ACCESS_KEY_ID"]) {
        Ok(id) => id,
        // An API key then, or a reference that leads nowhere: either way it is told there.
        Err(_) => return None,
    };
    let keys = find(["secretAccessKey", "AWS_SECRET_ACCESS_KEY"]).map(|secret| {
        let session = find(["sessionToken", "AWS_SESSION_TOKEN"]).ok();
        let parts = [Some(&id), Some(&secret), session.as_ref()];
        let all: Vec<&[u8]> = parts
            .into_iter()
            .flatten()
            .map(|found| trim(found.value.expose()))
            .collect();
        Found {
            value: Secret::new(all.join(&b':')),
            ..id.clone()
        }
    });
    Some(keys)
}

/// Finds a value by the reference's key, or else by the first of the default keys that is there.
pub(crate) fn value(
    world: &World<'_>,
    (kind, namespace): (Kind, &str),
    reference: &SecretRef,
    default_keys: &[&str],
) -> Result<Found, Finding> {
    let name = Name::new(
        reference.namespace.as_deref().unwrap_or(namespace),
        reference.name.as_str(),
    );
    grant::check(
        &world.set.reference_grants,
        (kind, namespace),
        (Kind::Secret, &name),
    )?;
    let Some(secret) = world.secret(&name) else {
        let message = if world.set.is_unreadable(Kind::Secret, &name) {
            format!("Secret {name} cannot be read: correct it first")
        } else {
            format!(
                "Secret {name} does not exist: create it with {}",
                wanted(reference, default_keys)
            )
        };
        return Err(Finding::error(Reason::SecretNotFound, "", message));
    };
    let keys: Vec<&str> = reference
        .key
        .as_deref()
        .map_or(default_keys.to_vec(), |key| vec![key]);
    for key in keys {
        if let Some(value) = secret.spec.data.get(key) {
            return Ok(Found {
                secret: name,
                key: key.to_owned(),
                value: value.clone(),
            });
        }
    }
    let message = format!(
        "Secret {name} has no {}: add it, or name another with secretRef.key",
        wanted(reference, default_keys)
    );
    Err(Finding::error(Reason::SecretKeyNotFound, "", message))
}

fn wanted<'a>(reference: &'a SecretRef, default_keys: &[&str]) -> Cow<'a, str> {
    match &reference.key {
        Some(key) => Cow::Owned(format!("key {key}")),
        None => Cow::Owned(format!("key {}", default_keys.join(" or "))),
    }
}

/// Puts what was found into the pool, under a key that all who refer to it share.
pub(crate) fn pool(found: Found, pool: &mut Pool) -> EntryKey {
    let key = key("credential", &found.secret, &[&found.key]);
    let (namespace, name) = (found.secret.namespace, found.secret.name);
    let object = ObjectRef {
        kind: Kind::Secret,
        namespace,
        name,
    };
    let origin = Origin {
        object,
        generation: 0,
        path: format!("data.{}", found.key),
    };
    let body = model::Credential {
        value: found.value.expose().to_vec(),
    };
    pool.put(key.clone(), &origin, Body::Credential(body), Vec::new());
    key
}

/// Without whitespace around it and without a leading `Bearer`.
pub(crate) fn bare(bytes: &[u8]) -> &[u8] {
    let bytes = trim(bytes);
    match bytes.split_at_checked(6) {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case(b"bearer")
                && rest.first().is_none_or(u8::is_ascii_whitespace) =>
        {
            trim(rest)
        }
        _ => bytes,
    }
}

/// Without whitespace around it.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}
