//! Answers that come as streams: masked event by event, in the provider's format, before anything else reads them.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sluice_llm::text::{Broken, Deltas};
use sluice_policy::guard::{Guards, Hits, Looking, Pieces, Refusal};
use sluice_vocab::ErrorCode;

use crate::rejection::{Rejected, Rejection, Stage};
use crate::stage::send::Guarded;

/// The guards of one stream.
pub(crate) struct StreamGuard {
    guards: Arc<Guards>,
    deltas: Deltas<Pieces>,
    /// What was found so far.
    pub(crate) hits: Hits,
}

impl StreamGuard {
    /// `stream` says how it is written.
    pub(crate) fn new(guards: Arc<Guards>, stream: Guarded) -> Self {
        Self {
            guards,
            deltas: Deltas::new(stream.format, stream.operation),
            hits: Hits::default(),
        }
    }

    /// Takes the provider's next bytes, and gives those that may pass.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Result<Bytes, Rejected> {
        let mut out = BytesMut::with_capacity(chunk.len());
        let mut looking = Looking {
            guards: &self.guards,
            hits: &mut self.hits,
        };
        if !self.guards.enforce() {
            // Who only watches changes nothing, and stands in nobody's way.
            let _ = self.deltas.push(chunk.clone(), &mut looking, &mut out);
            return Ok(chunk);
        }
        self.deltas
            .push(chunk, &mut looking, &mut out)
            .map_err(refuse)?;
        Ok(out.freeze())
    }

    /// The provider's stream has ended: gives what was held back.
    pub(crate) fn finish(&mut self) -> Result<Bytes, Rejected> {
        let mut out = BytesMut::new();
        let mut looking = Looking {
            guards: &self.guards,
            hits: &mut self.hits,
        };
        let finished = self.deltas.finish(&mut looking, &mut out);
        if !self.guards.enforce() {
            return Ok(Bytes::new());
        }
        finished.map_err(refuse)?;
        Ok(out.freeze())
    }
}

fn refuse(broken: Broken<Refusal>) -> Rejected {
    match broken {
        Broken::Refused(refusal) => super::response_rejected(refusal),
        Broken::TooLong => {
            let text = "the provider sent an event that is too long to be looked at";
            Rejection::new(Stage::Guard, ErrorCode::UpstreamTooLong, text)
        }
    }
}
