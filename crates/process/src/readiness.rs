//! Whether the process can do its work.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// Named gates. The process is ready when all of them are open; without any, it is ready.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    gates: watch::Sender<BTreeMap<Arc<str>, bool>>,
}

/// One condition of being ready. Stays as it is when it is dropped.
#[derive(Debug, Clone)]
pub struct Gate {
    name: Arc<str>,
    gates: watch::Sender<BTreeMap<Arc<str>, bool>>,
}

impl Readiness {
    /// Without gates.
    pub fn new() -> Self {
        Self::default()
    }

    /// A gate, shut. The name is what `/readyz` says while it is.
    pub fn gate(&self, name: &str) -> Gate {
        let gate = Gate {
            name: name.into(),
            gates: self.gates.clone(),
        };
        gate.shut();
        gate
    }

    /// The gates that are still shut, by name.
    pub fn still_shut(&self) -> Vec<Arc<str>> {
        still_shut(&self.gates.borrow())
    }

    /// Whether all gates are open.
    pub fn is_ready(&self) -> bool {
        self.gates.borrow().values().all(|is_open| *is_open)
    }

    /// Returns when all gates are open.
    pub async fn ready(&self) {
        let mut gates = self.gates.subscribe();
        // It can't fail: the sender is here.
        let _ = gates
            .wait_for(|gates| gates.values().all(|is_open| *is_open))
            .await;
    }

    /// Returns when a gate is shut.
    pub async fn unready(&self) {
        let mut gates = self.gates.subscribe();
        let _ = gates
            .wait_for(|gates| gates.values().any(|is_open| !is_open))
            .await;
    }
}

impl Gate {
    /// This condition is met.
    pub fn open(&self) {
        self.set(true);
    }

    /// It is not, or no longer.
    pub fn shut(&self) {
        self.set(false);
    }

    /// Opens or shuts it.
    pub fn set(&self, is_open: bool) {
        self.gates
            .send_if_modified(|gates| gates.insert(self.name.clone(), is_open) != Some(is_open));
    }
}

fn still_shut(gates: &BTreeMap<Arc<str>, bool>) -> Vec<Arc<str>> {
    gates
        .iter()
        .filter(|(_, is_open)| !**is_open)
        .map(|(name, _)| name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ready_means_that_every_gate_is_open() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready());
        let (first, second) = (readiness.gate("synced"), readiness.gate("leader known"));
        assert_eq!(
            readiness.still_shut(),
            [Arc::from("leader known"), "synced".into()]
        );
        first.open();
        assert!(!readiness.is_ready());
        let waiting = readiness.clone();
        let ((), ()) = tokio::join!(waiting.ready(), async { second.open() });
        first.shut();
        readiness.unready().await;
        assert_eq!(readiness.still_shut(), [Arc::from("synced")]);
    }
}
