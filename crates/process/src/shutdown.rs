//! How a process is told to stop, or to look again.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask for an end. Keeps those that come while nobody waits.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on, the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the signals can't be watched.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for SIGTERM (Kubernetes, systemd) or SIGINT (Ctrl-C) and names the one that came.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The signal that asks to read anew. Keeps one that comes while nobody waits.
#[derive(Debug)]
pub struct Reloads(Signal);

impl Reloads {
    /// From now on, the signal no longer ends the process.
    ///
    /// # Errors
    /// When it can't be watched.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for SIGHUP. Several that come at once are one.
    pub async fn next(&mut self) {
        let _ = self.0.recv().await;
    }
}

/// Waits for SIGTERM (Kubernetes, systemd) or SIGINT (Ctrl-C) and names the one that came.
///
/// # Errors
/// When the signals can't be watched.
pub async fn signalled() -> std::io::Result<&'static str> {
    Ok(Signals::listen()?.next().await)
}
