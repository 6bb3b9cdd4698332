//! What requests work with, whatever gateway they came to: connections, memory, threads for slow work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use crate::budget::Budget;
use crate::client::Client;
use crate::rejection::{Rejected, Rejection, Stage};
use crate::settings::Settings;
use sluice_vocab::ErrorCode;

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
    /// Turns to do slow work: one per core.
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
    pub(crate) fn new(settings: Settings) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            client: Client::new(
                settings.connect_timeout,
                settings.proxies.clone(),
                settings.egress.clone(),
            ),
            budget: Arc::new(Budget::new(settings.body_budget)),
            turns: Semaphore::new(cores),
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
    /// worker has other requests. No more is done at the same time than there are cores.
    pub(crate) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Rejected> {
        let failed = || {
            let text = "the gateway failed on this request";
            Rejection::new(Stage::Guard, ErrorCode::InternalError, text)
        };
        let _turn = self.turns.acquire().await.map_err(|_| failed())?;
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => Ok(done),
            // Told and counted where every panic of a request is.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(failed()),
            },
        }
    }
}
