//! The operator's own certificate authority, in a Secret of its namespace, and the install key beside it.
//!
//! ```text
//! Secret --every replica reads--> State --signer--> a leaf certificate in memory --> gRPC
//!   ^--the leader rotates--'        \--bundle--> ConfigMaps, which data planes mount
//! ```

mod issue;
mod rotation;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, PostParams};
use kube::{Client, ResourceExt};

pub use issue::{Authority, Leaf};
pub use rotation::Authorities;

/// The Secret's name.
pub const SECRET: &str = "sluice-operator-authority";
const AUTHORITIES: &str = "authorities.json";
const INSTALL_KEY: &str = "install-key";
const BUNDLE: &str = "ca.crt";

/// What the Secret holds.
#[derive(Clone)]
pub struct State {
    /// Certificate authorities, oldest first.
    pub authorities: Authorities,
    /// Keys the hashes of entries; never changes.
    pub install_key: sluice_vocab::Secret,
    version: Option<String>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("authorities", &self.authorities)
            .finish_non_exhaustive()
    }
}

/// Where the state is kept.
#[derive(Debug, Clone)]
pub struct Store {
    api: Api<Secret>,
    /// Writes only while this replica leads.
    leading: Api<Secret>,
}

impl Store {
    /// In a namespace. `leading` is a client that writes only while this replica leads.
    pub fn new(client: Client, leading: Client, namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            leading: Api::namespaced(leading, namespace),
        }
    }

    /// What is kept; made when there is nothing yet. Replicas that begin at once agree on the first that was written.
    ///
    /// # Errors
    /// When the Secret can't be read or made, or holds something else.
    pub async fn load(&self) -> anyhow::Result<State> {
        for _ in 0..5 {
            if let Some(secret) = self.api.get_opt(SECRET).await? {
                return State::read(&secret);
            }
            let mut key = vec![0; 32];
            aws_lc_rs::rand::fill(&mut key).map_err(|_| anyhow::anyhow!("no randomness"))?;
            let authorities = Authorities::default().rotated(now())?.unwrap_or_default();
            let state = State {
                authorities,
                install_key: sluice_vocab::Secret::new(key),
                version: None,
            };
            match self
                .api
                .create(&PostParams::default(), &state.secret()?)
                .await
            {
                Ok(secret) => return State::read(&secret),
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(error) => return Err(error.into()),
            }
        }
        anyhow::bail!("Secret {SECRET} comes and goes")
    }

    /// What is kept, after what has to be done about it by now. Only the leader calls this.
    ///
    /// # Errors
    /// When the Secret can't be written; also when another wrote meanwhile.
    pub async fn rotate(&self) -> anyhow::Result<State> {
        let state = self.load().await?;
        let Some(authorities) = state.authorities.rotated(now())? else {
            return Ok(state);
        };
        let next = State {
            authorities,
            ..state
        };
        let secret = self
            .leading
            .replace(SECRET, &PostParams::default(), &next.secret()?)
            .await?;
        tracing::info!(
            authorities = next.authorities.len(),
            "certificate authorities rotated"
        );
        State::read(&secret)
    }
}

impl State {
    fn read(secret: &Secret) -> anyhow::Result<Self> {
        let value = |key: &str| {
            let data = secret.data.as_ref().and_then(|d| d.get(key));
            data.with_context(|| {
                format!("Secret {SECRET} has no key {key}: delete it to begin anew")
            })
        };
        let authorities = serde_json::from_slice(&value(AUTHORITIES)?.0)
            .with_context(|| format!("key {AUTHORITIES} of Secret {SECRET} can't be read"))?;
        let install_key = sluice_vocab::Secret::new(value(INSTALL_KEY)?.0.clone());
        anyhow::ensure!(
            !install_key.is_empty(),
            "key {INSTALL_KEY} of Secret {SECRET} is empty"
        );
        Ok(Self {
            authorities,
            install_key,
            version: secret.resource_version(),
        })
    }

    fn secret(&self) -> anyhow::Result<Secret> {
        let labels = [
            ("app.kubernetes.io/managed-by", "sluice-operator"),
            ("app.kubernetes.io/part-of", "sluice"),
        ];
        let data = [
            (AUTHORITIES, serde_json::to_vec(&self.authorities)?),
            (INSTALL_KEY, self.install_key.expose().to_vec()),
            (BUNDLE, self.authorities.bundle().into_bytes()),
        ];
        Ok(Secret {
            metadata: ObjectMeta {
                name: Some(SECRET.to_owned()),
                resource_version: self.version.clone(),
                labels: Some(labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into()),
                ..ObjectMeta::default()
            },
            data: Some(
                data.map(|(k, v)| (k.to_owned(), ByteString(v)))
                    .into_iter()
                    .collect::<BTreeMap<_, _>>(),
            ),
            ..Secret::default()
        })
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs()
}
