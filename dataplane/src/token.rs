//! Credentials that end: where they come from, fetched when they are needed and renewed ahead of their end.
//!
//! ```text
//! request --Minter::get--> Keep, and where it has none that is young --identity--> sign, fetch --> whoever hands out tokens
//! ```

mod fetch;
mod identity;
mod keep;
mod sign;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use sluice_llm::token::NoToken;
use sluice_vocab::Secret;

use crate::engine::Engine;
use keep::Keep;

/// Where a credential comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A file of Google credentials from a Secret.
    GoogleKey(Secret),
    /// The pod's identity on Google Cloud.
    Google,
    /// The pod's identity on AWS, for a region.
    Aws { region: Arc<str> },
}

impl Source {
    /// Tells sources apart without holding what is secret.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let (kind, text) = match self {
            Source::GoogleKey(key) => (0, key.expose()),
            Source::Google => (1, &b""[..]),
            Source::Aws { region } => (2, region.as_bytes()),
        };
        Sha256::new()
            .chain_update([kind])
            .chain_update(text)
            .finalize()
            .into()
    }
}

/// Hands out one source's credential.
#[derive(Debug)]
pub(crate) struct Minter {
    source: Source,
    keep: Arc<Keep>,
}

impl Minter {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            keep: Arc::default(),
        }
    }

    /// The credential.
    pub(crate) async fn get(self: &Arc<Self>, engine: &Arc<Engine>) -> Result<Secret, NoToken> {
        self.keep
            .get(|| {
                let (minter, engine) = (self.clone(), engine.clone());
                async move { identity::token(&minter.source, &engine).await }
            })
            .await
    }
}
