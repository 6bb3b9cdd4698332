//! Large texts are looked at on threads of their own: one that is made to be slow may take seconds, and a worker has other requests.

use sluice_policy::guard::Hits;
use sluice_vocab::ErrorCode;

use crate::gateway::Shared;
use crate::rejection::{Rejected, Rejection, Stage};

/// From so many bytes on. What is shorter takes no longer than a few milliseconds, whatever it is.
const LARGE: usize = 64 << 10;

/// Whether a text of this length is to be looked at apart.
pub(super) fn is_large(len: usize) -> bool {
    len > LARGE
}

/// Looks at something apart; no more at the same time than there are cores. Adds what was found.
pub(super) async fn apart<T: Send + 'static>(
    shared: &Shared,
    hits: &mut Hits,
    look: impl FnOnce(&mut Hits) -> T + Send + 'static,
) -> Result<T, Rejected> {
    let failed = || {
        Rejection::new(
            Stage::Guard,
            ErrorCode::InternalError,
            "the gateway failed on this request",
        )
    };
    let _turn = shared.large_looks.acquire().await.map_err(|_| failed())?;
    let looking = tokio::task::spawn_blocking(move || {
        let mut found = Hits::default();
        let result = look(&mut found);
        (result, found)
    });
    match looking.await {
        Ok((result, found)) => {
            found
                .iter()
                .for_each(|hit| hits.add(&hit.rule, hit.outcome));
            Ok(result)
        }
        // Told and counted where every panic of a request is.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(failed()),
        },
    }
}
