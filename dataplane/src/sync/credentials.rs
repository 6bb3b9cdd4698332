//! How long the gateway's credentials may be used without anybody saying that they still hold.

use std::time::{Duration, Instant};

use super::Metrics;
use crate::gateway::Shared;

/// Whoever was not told for too long that nothing was revoked stops using what may have been.
#[derive(Debug)]
pub(super) struct Credentials {
    max_age: Duration,
    confirmed: Option<Instant>,
    is_expired: bool,
}

impl Credentials {
    pub(super) fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            confirmed: None,
            is_expired: false,
        }
    }

    /// When to call [`Self::mind`] next, if nothing else happens.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.deadline().filter(|_| !self.is_expired)
    }

    fn deadline(&self) -> Option<Instant> {
        self.confirmed.and_then(|at| at.checked_add(self.max_age))
    }

    /// Lets them be used, or not. True when they were confirmed since the last time.
    pub(super) fn mind(
        &mut self,
        now: Instant,
        confirmed: Option<Instant>,
        shared: &Shared,
        metrics: &Metrics,
    ) -> bool {
        let is_news = confirmed != self.confirmed;
        if is_news {
            self.confirmed = confirmed;
            metrics.confirmed_now();
        }
        let is_expired = self.deadline().is_some_and(|at| at <= now);
        if is_expired != self.is_expired {
            self.is_expired = is_expired;
            shared.expire_credentials(is_expired);
            metrics.credentials_expired.set(is_expired.into());
            self.tell();
        }
        is_news
    }

    fn tell(&self) {
        if self.is_expired {
            let max_age = sluice_vocab::Duration::new(self.max_age).to_string();
            tracing::error!(
                max_age,
                "no operator confirmed the configuration: requests that need a credential of the gateway are refused until one does"
            );
        } else {
            tracing::info!("the configuration is confirmed again: credentials are used");
        }
    }
}
