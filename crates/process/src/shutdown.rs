//! How a process is told to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM (Kubernetes, systemd) or SIGINT (Ctrl-C) and names the one that came.
///
/// # Errors
/// When the signals can't be watched.
pub async fn signalled() -> std::io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}
