//! One Gateway's configuration, and the streams that wait for it.

use std::sync::{Arc, Mutex};

use sluice_session::Releases;
use sluice_session::codec::{Epoch, Leader};
use sluice_snapshot::Snapshot;
use tokio::sync::watch;

use super::lock;

/// One Gateway's configuration.
#[derive(Debug, Default)]
pub(super) struct Hub {
    releases: Mutex<Releases>,
    account: Mutex<String>,
    changes: watch::Sender<()>,
}

impl Hub {
    /// Takes the newest. `account` is the ServiceAccount of the Gateway's pods. Says whether it was taken: an older epoch isn't.
    pub(super) fn publish(
        &self,
        account: String,
        epoch: Epoch,
        release: Option<Arc<Snapshot>>,
    ) -> bool {
        *lock(&self.account) = account;
        let Some(release) = release else { return true };
        let is_taken = lock(&self.releases).publish(epoch, release);
        self.changes.send_replace(());
        is_taken
    }

    /// Takes a newer leader.
    pub(super) fn lead(&self, leader: Leader) {
        if lock(&self.releases).lead(leader) {
            self.changes.send_replace(());
        }
    }

    /// The ServiceAccount of the Gateway's pods.
    pub(super) fn account(&self) -> String {
        lock(&self.account).clone()
    }

    /// Reads what there is.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Releases) -> T) -> T {
        read(&lock(&self.releases))
    }

    /// Changes whenever something was published.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}
