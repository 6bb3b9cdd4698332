//! How an answer ends: complete, broken off, or refused by a guard. What is held comes before the end, whichever it is.

use bytes::Bytes;
use sluice_llm::stream::End;
use sluice_policy::guard::Hits;

use super::{BodyError, Reader, Relay};
use crate::record::Fault;
use crate::rejection::{Rejected, Rejection};

/// How an upstream's part ends.
pub(super) enum Ending {
    Complete,
    Broken(Rejected),
}

impl Relay {
    /// An upstream's part has ended; what is held is still to be asked about.
    pub(super) fn upstream_ended(&mut self, ending: Ending) -> Result<(), BodyError> {
        let Some(held) = &mut self.held else {
            return self.finish(ending);
        };
        self.incoming = None;
        let lease = self.lease.take();
        let mut result = Ok(());
        // Of a part that broke off, what the guards hold is cut.
        if matches!(ending, Ending::Complete) {
            if let Some(lease) = lease {
                lease.give_back();
            }
            let mut guard = self.guard.take();
            let mut pass = |data: Bytes| match &mut guard {
                Some(guard) => guard.push(data),
                None => Ok(data),
            };
            if self.translated {
                let reader = std::mem::replace(&mut self.reader, Reader::Nothing);
                let rest = reader.finish(None, &mut self.record).unwrap_or_default();
                result = pass(rest).and_then(|rest| held.push(rest));
            }
            let rest = guard
                .as_mut()
                .map_or(Ok(Bytes::new()), |guard| guard.finish());
            result = result.and(rest).and_then(|rest| held.push(rest));
            self.guard = guard;
        }
        match result.and_then(|()| held.finish()) {
            Ok(()) => self.ending = Some(ending),
            Err(rejection) => self.refuse(&rejection),
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, ending: Ending) -> Result<(), BodyError> {
        match ending {
            Ending::Complete => self.complete(),
            Ending::Broken(rejection) => self.break_off(&rejection)?,
        }
        Ok(())
    }

    /// The caller has been told; what else the provider says is of no use.
    pub(super) fn end_if_failed(&mut self) -> Result<(), BodyError> {
        if matches!(&self.reader, Reader::Translate(t) if t.end() == End::Failed) {
            self.lease = None;
            // What is held comes before.
            if self.held.is_some() && self.translated {
                return self.upstream_ended(Ending::Complete);
            }
            self.complete();
        }
        Ok(())
    }

    /// A guard refused what comes: nothing more of it passes, and the client is told in its format.
    pub(super) fn refuse(&mut self, rejection: &Rejection) {
        self.incoming = None;
        self.lease = None;
        if let Some(usage) = self.reader.usage() {
            self.record.usage = usage;
        }
        self.record.error = Some(Fault::ours(rejection.code, rejection.log_text()));
        self.reader = Reader::Nothing;
        self.last = Some(rejection.event(self.record.format(), self.record.id_str()));
        self.end();
    }

    /// The upstream's part is complete as HTTP sees it; whether the answer is, the format tells.
    pub(super) fn complete(&mut self) {
        self.incoming = None;
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
        // What the guards still hold comes before what the reader does.
        let mut released = Bytes::new();
        if self.translated {
            return self.complete_translated();
        }
        if let Some(guard) = self.guard.as_mut().filter(|_| self.held.is_none()) {
            match guard
                .finish()
                .map(|data| self.reader.push(data, &mut self.record))
            {
                Ok(data) => released = data,
                Err(rejection) => return self.refuse(&rejection),
            }
        }
        let reader = std::mem::replace(&mut self.reader, Reader::Nothing);
        self.last = reader.finish(self.watch.take().as_ref(), &mut self.record);
        if !released.is_empty() {
            let last = self.last.take().unwrap_or_default();
            self.last = Some([released, last].concat().into());
        }
        self.end();
    }

    /// The same where the guards come last.
    fn complete_translated(&mut self) {
        let reader = std::mem::replace(&mut self.reader, Reader::Nothing);
        let mut rest = reader.finish(None, &mut self.record).unwrap_or_default();
        if let Some(guard) = self.guard.as_mut().filter(|_| self.held.is_none()) {
            let both = guard
                .push(rest)
                .and_then(|rest| Ok([rest, guard.finish()?].concat()));
            match both {
                Ok(both) => rest = both.into(),
                Err(rejection) => return self.refuse(&rejection),
            }
        }
        self.last = Some(rest).filter(|rest| !rest.is_empty());
        self.end();
    }

    /// The upstream's part ended in the middle. A stream says so in the client's format, without its format's word for a clean
    /// end; any other answer is broken off, so that nobody takes it for whole.
    fn break_off(&mut self, rejection: &Rejection) -> Result<(), BodyError> {
        // The format has said that the answer is complete; how the connection ends is no matter then.
        if self.reader.end() == Some(End::Complete) {
            self.lease = None;
            self.complete();
            return Ok(());
        }
        self.incoming = None;
        self.lease = None;
        self.record.error = Some(Fault::ours(
            rejection.code,
            format!("{}: {}", rejection.public, rejection.detail),
        ));
        let event = self.reader.usage().map(|usage| {
            self.record.usage = usage;
            self.record.shared().metrics.truncated.inc();
            rejection.event(self.record.format(), self.record.id_str())
        });
        self.reader = Reader::Nothing;
        self.end();
        match event {
            Some(event) => {
                // What was held of a cut event is not passed on; a blank line ends what the client may have of it.
                self.last = Some([b"\n\n".as_slice(), &event].concat().into());
                Ok(())
            }
            None => Err(rejection.public.to_string().into()),
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.note_hits();
        self.record.end();
    }

    pub(super) fn note_hits(&mut self) {
        let guard = self.guard.take().map(|guard| guard.hits);
        let held = self.held.take().map(|held| held.hits);
        for hit in guard.iter().chain(&held).flat_map(Hits::iter) {
            self.record.hits.response.add(&hit.rule, hit.outcome);
        }
    }
}
