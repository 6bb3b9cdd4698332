//! One loop for all that is made true in the cluster: status, projections, workloads.
//!
//! ```text
//! compiled --+
//! mirror ----+--> turn, while this replica leads --> wait for news, or until something is due --> turn ...
//! news ------+
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::leader::Leadership;
use crate::release::{Compiled, Outputs};
use crate::world::Mirror;

/// Changes that are closer together are one.
const GATHER: Duration = Duration::from_millis(25);

/// Something that is made true in the cluster.
pub(crate) trait Pass: Send {
    /// Looks at the newest, and does something about what differs. Says when to come back though nothing changed.
    fn turn(
        &mut self,
        compiled: &Arc<Compiled>,
        mirror: &Arc<Mirror>,
    ) -> impl Future<Output = Option<Instant>> + Send;

    /// Returns when something else has changed that a turn depends on. May be dropped and called again.
    ///
    /// # Errors
    /// When what it listens to ended.
    fn news(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// This replica doesn't lead: what waits to be written is not written.
    fn rest(&mut self) {}
}

/// Goes on for ever.
///
/// # Errors
/// When something that it listens to ended.
pub(crate) async fn drive(
    mut pass: impl Pass,
    outputs: Outputs,
    mut leadership: watch::Receiver<Leadership>,
) -> anyhow::Result<()> {
    let mut compiled = outputs.compiled.subscribe();
    let mut mirror = outputs.mirror.subscribe();
    loop {
        let leads = leadership.borrow_and_update().is_me();
        let newest = compiled.borrow_and_update().clone();
        let seen = mirror.borrow_and_update().clone();
        let again = match newest {
            Some(newest) if leads => pass.turn(&newest, &seen).await,
            _ => {
                pass.rest();
                None
            }
        };
        tokio::select! {
            changed = compiled.changed() => changed?,
            changed = mirror.changed() => changed?,
            // The Lease is renewed every few seconds, which is no news.
            turned = leadership.wait_for(|lead| lead.is_me() != leads) => drop(turned?),
            news = pass.news() => news?,
            () = until(again) => {}
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
