//! A credential that is kept while it is young.
//!
//! ```text
//! held and young   at once
//! held and old     at once, and a new one is fetched beside it
//! none, or ended   one request fetches, the others wait for it
//! ```
#![expect(
    clippy::disallowed_types,
    reason = "a gate, not a value: those who need the token wait for the one that fetches it"
)]

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use sluice_llm::token::{NoToken, Token};
use sluice_process::task;
use sluice_vocab::Secret;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// After this part of its life a credential is old: 55 minutes of an hour.
const OLD: f64 = 11.0 / 12.0;
/// After a failure nobody asks again for so long: whoever refuses tokens is not to be run over.
const REST: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Keep {
    held: ArcSwapOption<Held>,
    /// Whoever has it fetches. Holds the last failure.
    gate: Arc<Mutex<Option<(Instant, NoToken)>>>,
}

#[derive(Debug)]
struct Held {
    credential: Secret,
    old_at: Instant,
    ends_at: Instant,
}

impl Keep {
    /// The credential; `mint` makes a new one where that is needed.
    pub(super) async fn get<F>(
        self: &Arc<Self>,
        mint: impl FnOnce() -> F,
    ) -> Result<Secret, NoToken>
    where
        F: Future<Output = Result<Token, NoToken>> + Send + 'static,
    {
        if let Some(held) = self.held() {
            if held.is_old() {
                self.renew(mint);
            }
            return Ok(held.credential.clone());
        }
        let mut failed = self.gate.lock().await;
        // While this one waited, another may have got it, or have failed.
        if let Some(held) = self.held() {
            return Ok(held.credential.clone());
        }
        if let Some((at, why)) = &*failed
            && at.elapsed() < REST
        {
            return Err(why.clone());
        }
        self.take(mint().await, &mut failed)
    }

    fn held(&self) -> Option<Arc<Held>> {
        self.held
            .load_full()
            .filter(|held| Instant::now() < held.ends_at)
    }

    /// Fetches beside the requests, unless somebody does.
    fn renew<F>(self: &Arc<Self>, mint: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Token, NoToken>> + Send + 'static,
    {
        let Ok(mut failed) = self.gate.clone().try_lock_owned() else {
            return;
        };
        let is_rested = failed.as_ref().is_none_or(|(at, _)| at.elapsed() >= REST);
        if !is_rested || !self.held.load().as_ref().is_some_and(|held| held.is_old()) {
            return;
        }
        let (keep, minting) = (self.clone(), mint());
        task::spawn("renewal of a token", async move {
            if let Err(error) = keep.take(minting.await, &mut failed) {
                tracing::warn!(%error, "a provider's token could not be renewed; the one that is held goes on until its end");
            }
        });
    }

    fn take(
        &self,
        minted: Result<Token, NoToken>,
        failed: &mut Option<(Instant, NoToken)>,
    ) -> Result<Secret, NoToken> {
        let now = Instant::now();
        let Token {
            credential,
            lifetime,
        } = minted.inspect_err(|why| *failed = Some((now, why.clone())))?;
        *failed = None;
        let (old_at, ends_at) = (now + lifetime.mul_f64(OLD), now + lifetime);
        self.held.store(Some(Arc::new(Held {
            credential: credential.clone(),
            old_at,
            ends_at,
        })));
        Ok(credential)
    }
}

impl Held {
    fn is_old(&self) -> bool {
        self.old_at <= Instant::now()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Makes credentials `1`, `2`, … that hold for an hour.
    #[derive(Default)]
    struct Mint(AtomicU32);

    impl Mint {
        fn make(&self) -> impl Future<Output = Result<Token, NoToken>> + Send + 'static {
            let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(Token {
                    credential: Secret::new(number.to_string()),
                    lifetime: Duration::from_secs(3600),
                })
            }
        }

        fn fail(&self) -> impl Future<Output = Result<Token, NoToken>> + Send + 'static {
            self.0.fetch_add(1, Ordering::Relaxed);
            async { Err(NoToken("no".to_owned())) }
        }

        fn made(&self) -> u32 {
            self.0.load(Ordering::Relaxed)
        }
    }

    async fn later(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_fetches_and_the_others_wait_for_it() {
        let (keep, mint) = (Arc::new(Keep::default()), Mint::default());
        let all = futures_util::future::join_all((0..50).map(|_| keep.get(|| mint.make()))).await;
        assert!(
            all.iter().all(|got| *got == Ok(Secret::new("1"))),
            "{all:?}"
        );
        assert_eq!(mint.made(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_one_is_used_while_a_new_one_is_fetched() {
        let (keep, mint) = (Arc::new(Keep::default()), Mint::default());
        keep.get(|| mint.make()).await.unwrap();
        later(54 * 60).await;
        assert_eq!(
            (keep.get(|| mint.make()).await, mint.made()),
            (Ok(Secret::new("1")), 1)
        );
        later(60).await;
        for _ in 0..10 {
            assert_eq!(
                keep.get(|| mint.make()).await,
                Ok(Secret::new("1")),
                "nobody waits"
            );
        }
        later(2).await;
        assert_eq!(
            (keep.get(|| mint.make()).await, mint.made()),
            (Ok(Secret::new("2")), 2)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_has_ended_is_not_used() {
        let (keep, mint) = (Arc::new(Keep::default()), Mint::default());
        keep.get(|| mint.make()).await.unwrap();
        later(3600).await;
        assert_eq!(keep.get(|| mint.make()).await, Ok(Secret::new("2")));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_refuses_is_left_in_peace_for_a_while() {
        let (keep, mint) = (Arc::new(Keep::default()), Mint::default());
        let all = futures_util::future::join_all((0..50).map(|_| keep.get(|| mint.fail()))).await;
        assert!(all.iter().all(Result::is_err));
        assert_eq!(mint.made(), 1);
        later(2).await;
        assert_eq!(keep.get(|| mint.make()).await, Ok(Secret::new("2")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_renewal_keeps_what_is_held_until_its_end() {
        let (keep, mint) = (Arc::new(Keep::default()), Mint::default());
        keep.get(|| mint.make()).await.unwrap();
        later(56 * 60).await;
        for _ in 0..10 {
            assert_eq!(keep.get(|| mint.fail()).await, Ok(Secret::new("1")));
            later(0).await;
        }
        assert_eq!(mint.made(), 2, "not at every request");
        later(4 * 60).await;
        assert!(keep.get(|| mint.fail()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_goes_away_leaves_no_one_waiting() {
        let (keep, mint) = (Arc::new(Keep::default()), Mint::default());
        let gone = tokio::time::timeout(Duration::from_millis(1), keep.get(|| mint.make())).await;
        assert!(gone.is_err());
        assert_eq!(keep.get(|| mint.make()).await, Ok(Secret::new("2")));
    }
}
