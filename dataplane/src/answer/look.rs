//! Patterns and recognisers, as a step.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use sluice_guard::{Guards, Hits, MaskStep, Unmasked, mask};
use sluice_llm::Wire;
use sluice_llm::flow::{Frame, Out, WholeBody};

use super::step::{Close, Step, Wait};
use crate::budget::Share;
use crate::engine::{Engine, is_large};
use crate::party::Party;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection, Stage};

/// Masks or refuses what the guards find. A large body is looked at apart.
pub(super) struct Look {
    step: MaskStep,
    engine: Arc<Engine>,
    party: Arc<Party>,
    apart: Option<Apart>,
}

/// A look at a large body, on its way.
type Apart = Pin<Box<dyn Future<Output = Result<Looked, Rejected>> + Send>>;

struct Looked {
    result: Result<WholeBody, Unmasked>,
    hits: Hits,
}

impl Look {
    /// For an answer that is written in this wire where it is looked at.
    pub(super) fn new(guards: Arc<Guards>, wire: Wire, record: &Record) -> Self {
        let step = MaskStep::new(guards, wire);
        Self {
            step,
            engine: record.shared().engine.clone(),
            party: record.party.clone(),
            apart: None,
        }
    }

    fn apart(&self, whole: WholeBody) -> Apart {
        let (engine, guards) = (self.engine.clone(), self.step.guards().clone());
        let party = self.party.clone();
        Box::pin(async move {
            let mut share = Share::new(&engine.budget, &party);
            if !share.grow_to(whole.body.len()).await {
                return Err(Rejection::no_memory(Stage::Relay));
            }
            let look = move || {
                let mut hits = Hits::default();
                let result = mask(&guards, whole, &mut hits);
                Looked { result, hits }
            };
            engine.apart(&party, share, look).await
        })
    }
}

impl Step for Look {
    fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Rejected> {
        match frame {
            Frame::Whole(whole) if is_large(whole.body.len()) => {
                self.apart = Some(self.apart(whole));
                Ok(())
            }
            frame => Ok(self.step.frame(frame, out)?),
        }
    }

    fn close(&mut self, close: Close, out: Out<'_>) -> Result<(), Rejected> {
        match close {
            Close::Complete => Ok(self.step.close(out)?),
            Close::Cut => Ok(()),
        }
    }

    fn waits(&self) -> bool {
        true
    }

    fn is_waiting(&self) -> bool {
        self.apart.is_some()
    }

    fn poll(&mut self, cx: &mut Context<'_>, out: Out<'_>) -> Result<Wait, Rejected> {
        let Some(apart) = &mut self.apart else {
            return Ok(Wait::No);
        };
        let Poll::Ready(looked) = apart.as_mut().poll(cx) else {
            return Ok(Wait::Word);
        };
        self.apart = None;
        let Looked { result, hits } = looked?;
        self.step.hits_mut().extend(&hits);
        out(Frame::Whole(result?));
        Ok(Wait::Over)
    }

    fn held(&self) -> usize {
        self.step.held()
    }

    fn hits(&self) -> Option<&Hits> {
        Some(self.step.hits())
    }
}
