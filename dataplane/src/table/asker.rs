//! Those whom guards ask, with the connections to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use sluice_guard::ask::{self, Ask};
use sluice_guard::{Address, Side};
use sluice_snapshot::EntryKey;
use sluice_vocab::Secret;

use crate::client::{Pool, Proxy, Target, Tls, Whose};
use crate::standing::Standing;

/// Somebody who is asked.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) judge: ask::Asker,
    pub(crate) pool: Arc<Pool>,
    /// As the header says it; never printed.
    pub(crate) credential: Option<HeaderValue>,
    pub(crate) timeout: Duration,
    /// Headers of the caller that it gets.
    pub(crate) forward: Vec<HeaderName>,
}

/// What is needed to realise one.
pub(crate) struct Need<'t> {
    pub(crate) credentials: &'t HashMap<EntryKey, Secret>,
    pub(crate) standing: &'t Standing,
    pub(crate) workers: usize,
}

/// Those of one direction; an error says why one can't be asked.
pub(super) fn realise(side: &Side, need: &Need<'_>) -> Result<Vec<Asker>, String> {
    side.asks.iter().map(|ask| one(ask, side, need)).collect()
}

fn one(ask: &Ask, side: &Side, need: &Need<'_>) -> Result<Asker, String> {
    let judge = ask::Asker::realise(ask, side)?;
    let credential = match &ask.credential {
        None => None,
        Some(key) => {
            let found = need.credentials.get(&EntryKey::from(key.as_str()));
            Some(bearer(
                found.ok_or_else(|| format!("{key} is not in the snapshot"))?,
            )?)
        }
    };
    let forward = ask
        .forward_headers
        .iter()
        .map(|name| HeaderName::try_from(name.as_str()));
    Ok(Asker {
        judge,
        pool: need.standing.pool(target(&ask.address), need.workers)?,
        credential,
        timeout: Duration::from_millis(ask.timeout_ms),
        forward: forward
            .collect::<Result<_, _>>()
            .map_err(|e| e.to_string())?,
    })
}

fn bearer(secret: &Secret) -> Result<HeaderValue, String> {
    let value = [b"Bearer ", secret.expose()].concat();
    let mut value = HeaderValue::from_bytes(&value)
        .map_err(|_| "the credential is no valid header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn target(address: &Address) -> Target {
    Target {
        host: address.host.to_ascii_lowercase().into(),
        port: address.port,
        tls: address.tls.then(|| Tls {
            server_name: "".into(),
            ca_pem: "".into(),
        }),
        proxy: if address.direct {
            Proxy::Direct
        } else {
            Proxy::Environment
        },
        whose: Whose::Author,
    }
}
