//! Keeps the operator's certificate fresh, and its authorities rotated.

use std::convert::Infallible;
use std::time::Duration;

use sluice_proto::SERVER_NAME;
use tokio::sync::watch;

use crate::authority::{State, Store, now};
use crate::fleet::Certificate;
use crate::leader::Leadership;

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(60);
/// A certificate is replaced after so many seconds, at half its life.
const RENEW: u64 = 43_200;

/// Keeps the operator's certificate fresh.
#[derive(Debug)]
pub(crate) struct Trust {
    store: Store,
    state: State,
    certificate: Certificate,
    leadership: watch::Receiver<Leadership>,
    /// When the certificate was signed, and by which authority.
    signed: (u64, u64),
    bundle: watch::Sender<String>,
}

impl Trust {
    /// Shows a certificate at once.
    ///
    /// # Errors
    /// When none can be signed.
    pub(crate) fn new(
        store: Store,
        state: State,
        certificate: Certificate,
        leadership: watch::Receiver<Leadership>,
    ) -> anyhow::Result<Self> {
        let bundle = watch::Sender::new(state.authorities.bundle());
        let mut trust = Self {
            store,
            state,
            certificate,
            leadership,
            signed: (0, 0),
            bundle,
        };
        trust.renew(now())?;
        Ok(trust)
    }

    /// Keys the hashes of entries.
    pub(crate) fn install_key(&self) -> &sluice_vocab::Secret {
        &self.state.install_key
    }

    /// Certificates that data planes trust, in PEM.
    pub(crate) fn bundle(&self) -> watch::Receiver<String> {
        self.bundle.subscribe()
    }

    /// Goes on for ever.
    ///
    /// # Errors
    /// Never; what fails is tried again.
    pub(crate) async fn run(mut self) -> Result<(), Infallible> {
        loop {
            tokio::time::sleep(PERIOD).await;
            if let Err(error) = self.turn().await {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the operator's certificate can't be looked after"
                );
            }
        }
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        let is_leader = self.leadership.borrow().is_me();
        let state = if is_leader {
            self.store.rotate().await?
        } else {
            self.store.load().await?
        };
        anyhow::ensure!(
            state.install_key == self.state.install_key,
            "the install key has changed: restart the operator"
        );
        self.state = state;
        let bundle = self.state.authorities.bundle();
        self.bundle.send_if_modified(|old| {
            let is_other = *old != bundle;
            *old = bundle;
            is_other
        });
        self.renew(now())
    }

    fn renew(&mut self, now: u64) -> anyhow::Result<()> {
        let signer = self.state.authorities.signer(now);
        let signer = signer.ok_or_else(|| anyhow::anyhow!("there is no authority"))?;
        let (at, by) = self.signed;
        if by == signer.created && now < at + RENEW {
            return Ok(());
        }
        self.certificate
            .replace(signer.issue(now, &[SERVER_NAME.to_owned()])?)?;
        self.signed = (now, signer.created);
        Ok(())
    }
}
