//! What all connections of a mock share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use crate::fault::{Fault, FaultError};
use crate::options::MockOptions;
use crate::record::Recorder;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: MockOptions,
    pub(crate) recorder: Arc<Recorder>,
    faults: Mutex<Faults>,
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) default: Fault,
    pub(crate) next: VecDeque<Fault>,
}

impl Shared {
    pub(crate) fn new(options: MockOptions) -> Self {
        Self {
            recorder: Arc::new(Recorder::new(options.keep)),
            faults: Mutex::new(Faults {
                default: options.fault.clone(),
                next: VecDeque::new(),
            }),
            options,
        }
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault of a request: the header's, the queue's, the model's, the default.
    pub(crate) fn fault(
        &self,
        headers: &HeaderMap,
        model: Option<&str>,
    ) -> Result<Fault, FaultError> {
        if let Some(asked) = headers.get("x-mock-fault") {
            return asked.to_str().unwrap_or("?").parse();
        }
        let mut faults = self.faults();
        if let Some(next) = faults.next.pop_front() {
            return Ok(next);
        }
        Ok(model
            .and_then(Fault::of_model)
            .unwrap_or_else(|| faults.default.clone()))
    }
}
