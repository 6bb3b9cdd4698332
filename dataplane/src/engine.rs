//! What requests work with, whatever gateway they came to: connections, memory, threads for slow work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use crate::budget::{Budget, Share};
use crate::client::Client;
use crate::party::Party;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::settings::Settings;
use sluice_vocab::ErrorCode;

/// So many times the cores are done at once, so that one who is slow keeps nobody waiting.
const TURNS: usize = 4;
/// What is longer takes more than a few milliseconds to look at when it is made to.
const LARGE: usize = 64 << 10;

/// Whether a text of this length is to be looked at apart.
pub(crate) fn is_large(len: usize) -> bool {
    len > LARGE
}

/// Works for every gateway of the process. It knows neither tables nor what is said of requests.
pub(crate) struct Engine {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) budget: Arc<Budget>,
    /// The gateway itself, for what it asks of its own accord.
    pub(crate) own: Arc<Party>,
    /// Turns to do slow work.
    turns: Semaphore,
    /// Whether the credentials are too old to be used.
    expired: AtomicBool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Must be called within a tokio runtime, on which names are looked up.
    pub(crate) fn new(mut settings: Settings) -> Self {
        // One that is longer could never be held.
        let longest = Budget::usable(settings.body_budget);
        settings.body_limit = settings.body_limit.min(longest);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            client: Client::new(
                settings.connect_timeout,
                settings.proxies.clone(),
                settings.egress.clone(),
            ),
            budget: Arc::new(Budget::new(settings.body_budget)),
            own: Party::new(),
            turns: Semaphore::new(cores * TURNS),
            expired: AtomicBool::new(false),
            settings,
        }
    }

    /// Refuses requests that need a credential which the gateway holds, or no longer does.
    pub(crate) fn expire_credentials(&self, expired: bool) {
        self.expired.store(expired, Ordering::Relaxed);
    }

    /// Whether they are refused.
    pub(crate) fn credentials_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }

    /// Does something slow apart from the threads that carry traffic: a text that is made to be slow may take seconds, and a
    /// worker has other requests. A party does no more at the same time than there are cores; others have their turns beside it.
    /// The memory that it takes is given back when it has ended, also when nobody waits for it any more.
    pub(crate) async fn apart<T: Send + 'static>(
        &self,
        party: &Party,
        room: Share,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Rejected> {
        let failed = || {
            let text = "the gateway failed on this request";
            Rejection::new(Stage::Guard, ErrorCode::InternalError, text)
        };
        let _own = party.turns.acquire().await.map_err(|_| failed())?;
        let _turn = self.turns.acquire().await.map_err(|_| failed())?;
        let working = move || {
            let done = work();
            drop(room);
            done
        };
        match tokio::task::spawn_blocking(working).await {
            Ok(done) => Ok(done),
            // Told and counted where every panic of a request is.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(failed()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn mk(engine: &Engine, party: &Arc<Party>) -> Share {
        let mut room = Share::new(&engine.budget, party);
        assert!(room.try_set(10));
        room
    }

    /// Waits for the runtime's other threads.
    async fn until(mut condition: impl FnMut() -> bool) {
        while !condition() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_keeps_its_memory_until_it_ends() {
        let engine = Engine::new(Settings::default());
        let party = Party::new();
        let (begin, begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        {
            let work = move || {
                begin.send(()).unwrap();
                released.recv().unwrap();
            };
            let mut working = std::pin::pin!(engine.apart(&party, mk(&engine, &party), work));
            until(|| {
                let _ = futures_util::FutureExt::now_or_never(working.as_mut());
                begun.try_recv().is_ok()
            })
            .await;
        }
        assert_eq!(engine.budget.used(), 10);
        release.send(()).unwrap();
        until(|| engine.budget.used() == 0).await;
    }

    #[tokio::test]
    async fn slow_work_of_one_keeps_another_waiting_no_longer_than_its_own() {
        let engine = Arc::new(Engine::new(Settings::default()));
        let (slow, other) = (Party::new(), Party::new());
        let cores = slow.turns.available_permits();
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(std::sync::Mutex::new(released));
        let works: Vec<_> = (0..cores * TURNS)
            .map(|_| {
                let (engine, slow, released) = (engine.clone(), slow.clone(), released.clone());
                async move {
                    let room = mk(&engine, &slow);
                    let work = move || {
                        // An error when all are let go.
                        let _ = released.lock().unwrap().recv();
                    };
                    engine.apart(&slow, room, work).await.is_ok()
                }
            })
            .collect();
        let all = futures_util::future::join_all(works);
        let one = engine.apart(&other, mk(&engine, &other), || ());
        tokio::pin!(all);
        tokio::select! {
            biased;
            _ = &mut all => panic!("nobody let it go"),
            done = one => assert!(done.is_ok()),
        }
        drop(release);
        assert!(all.await.into_iter().all(|ok| ok));
    }
}
