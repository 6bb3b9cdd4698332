//! Runtime state that outlives a table: connections to upstreams, tokens for
//! them, what clients resume their sessions by, and who holds what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustls::ServerConfig;

use crate::client::{Pool, Target};
use crate::party::{Party, Who};
use crate::token::{Minter, Source};

/// Kept by key and reused when a table is built anew: an edited prompt must not close a connection.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pools: Mutex<HashMap<Target, Weak<Pool>>>,
    /// By the digests of their sources.
    minters: Mutex<HashMap<[u8; 32], Weak<Minter>>>,
    /// By the digests of the certificates.
    tls: Mutex<HashMap<[u8; 32], Weak<ServerConfig>>>,
    parties: Mutex<HashMap<Who, Weak<Party>>>,
}

impl Standing {
    /// The pool for a target, the one in use if there is one.
    pub(crate) fn pool(&self, target: Target, workers: usize) -> Result<Arc<Pool>, String> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&target).and_then(Weak::upgrade) {
            return Ok(pool);
        }
        let pool = Arc::new(Pool::new(target.clone(), workers).map_err(|e| e.to_string())?);
        pools.insert(target, Arc::downgrade(&pool));
        Ok(pool)
    }

    /// What hands out a source's credential, the one in use if there is one.
    pub(crate) fn minter(&self, source: Source) -> Arc<Minter> {
        let mut minters = self.minters.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = source.digest();
        if let Some(minter) = minters.get(&digest).and_then(Weak::upgrade) {
            return minter;
        }
        let minter = Arc::new(Minter::new(source));
        minters.insert(digest, Arc::downgrade(&minter));
        minter
    }

    /// What is said in handshakes with certificates of that digest, the one in use if there is one: with it goes what clients resume
    /// their sessions by.
    pub(crate) fn tls(
        &self,
        digest: [u8; 32],
        make: impl FnOnce() -> Result<Arc<ServerConfig>, String>,
    ) -> Result<Arc<ServerConfig>, String> {
        let mut configs = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(&digest).and_then(Weak::upgrade) {
            return Ok(config);
        }
        let config = make()?;
        configs.insert(digest, Arc::downgrade(&config));
        Ok(config)
    }

    /// Who that is, as others know them who hold something for them.
    pub(crate) fn party(&self, who: Who) -> Arc<Party> {
        let mut parties = self.parties.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(party) = parties.get(&who).and_then(Weak::upgrade) {
            return party;
        }
        let party = Party::new();
        parties.insert(who, Arc::downgrade(&party));
        party
    }

    /// Forgets pools that no table uses, and closes connections that were not used for long.
    pub(crate) fn prune(&self) {
        let pools: Vec<Arc<Pool>> = {
            let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.retain(|_, pool| pool.strong_count() > 0);
            pools.values().filter_map(Weak::upgrade).collect()
        };
        pools.iter().for_each(|pool| pool.prune());
        let mut minters = self.minters.lock().unwrap_or_else(PoisonError::into_inner);
        minters.retain(|_, minter| minter.strong_count() > 0);
        let mut configs = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        configs.retain(|_, config| config.strong_count() > 0);
        let mut parties = self.parties.lock().unwrap_or_else(PoisonError::into_inner);
        parties.retain(|_, party| party.strong_count() > 0);
    }
}
