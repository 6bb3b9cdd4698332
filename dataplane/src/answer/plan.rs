//! Which steps an answer takes, and in which order. It is decided here and nowhere else.
//!
//! ```text
//! of the caller's wire     door -> look -> ask -> tally                   events as they come
//! of another wire          door -> look -> ask -> translate               guards see the provider's words
//! Bedrock's binary stream  door -> translate -> reframe -> look -> ask    guards see the caller's words
//! no stream                whole -> look -> ask -> tally or translate     one frame, before anything is said
//! no stream, unguarded     bytes -> aside                                 passes as it comes, and is read behind
//! compressed; a Service's  bytes                                          nobody reads it
//! ```

use std::sync::Arc;

use http::response::Parts;
use sluice_guard::Guards;
use sluice_llm::dropped::Dropped;
use sluice_llm::flow::{Crossing, Door, Tally, Translate};
use sluice_llm::{Format, Operation, Wire};

use super::aside::Aside;
use super::ask::Ask;
use super::head::{hints, is_binary, is_coded, is_event_stream};
use super::look::Look;
use super::reframe::Reframe;
use super::step::Step;
use crate::inquiry::Inquiry;
use crate::record::Record;
use crate::rejection::{Rejected, Rejection};

/// What a provider was sent, as far as its answer depends on it.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The provider's.
    pub(crate) wire: Wire,
    pub(crate) operation: Operation,
    /// The caller didn't ask for the usage chunk, we did.
    pub(crate) strip_usage: bool,
    /// Set where the caller wants another wire than the provider speaks.
    pub(crate) crossing: Option<Box<Crossing>>,
    /// What the provider was not given.
    pub(crate) dropped: Dropped,
}

/// What looks at an answer before anybody else does.
#[derive(Clone)]
pub(crate) struct Looks {
    pub(crate) guards: Arc<Guards>,
    /// Who is asked about what the guards let pass.
    pub(crate) inquiry: Option<Arc<Inquiry>>,
}

impl Looks {
    /// Whether any of them may change or refuse a text, so that none may pass before it has been looked at.
    fn enforce(&self) -> bool {
        let asked = self.inquiry.as_ref();
        self.guards.enforce() || asked.is_some_and(|inquiry| inquiry.enforces())
    }
}

/// How an answer comes in.
pub(super) enum Entry {
    /// Its frames are cut from a stream as it comes.
    Stream(Door),
    /// It is gathered first.
    Whole,
    /// It is not taken apart.
    Bytes,
}

/// What an answer takes on its way.
pub(super) struct AnswerPlan {
    pub(super) entry: Entry,
    pub(super) steps: Vec<Box<dyn Step>>,
    /// Whether it is written in another wire than the provider's.
    pub(super) crossed: bool,
    /// Whether usage should be in it.
    pub(super) counts: bool,
}

/// Decides. `sent` is `None` for a Service.
pub(super) fn plan(
    sent: Option<Sent>,
    head: &Parts,
    looks: Option<Looks>,
    record: &Record,
) -> Result<AnswerPlan, Rejected> {
    let Some(mut sent) = sent else {
        return Ok(AnswerPlan {
            entry: Entry::Bytes,
            steps: Vec::new(),
            crossed: false,
            counts: false,
        });
    };
    let looks = readable(looks, &sent, head)?;
    if let Some(crossing) = &mut sent.crossing {
        crossing.hints = hints(&head.headers);
    }
    let is_success = head.status.is_success();
    let is_stream = is_event_stream(&head.headers)
        && !is_coded(&head.headers)
        && (is_success || sent.crossing.is_none());
    let mut plan = AnswerPlan {
        entry: Entry::Bytes,
        steps: Vec::new(),
        crossed: sent.crossing.is_some(),
        counts: is_success && sent.operation.streams(),
    };
    if is_stream {
        stream(&mut plan, sent, looks, record);
    } else if must_be_whole(looks.as_ref(), &sent) {
        plan.entry = Entry::Whole;
        let looking = looks.map(|looks| looking(looks, sent.wire, record));
        plan.steps = looking.unwrap_or_default();
        plan.steps.push(reading(sent));
    } else if is_success && sent.operation.has_json_body() && !is_coded(&head.headers) {
        let tally = Tally::new(sent.wire, sent.operation, false);
        let guards = looks.map(|looks| looks.guards);
        let aside = Aside::new(head.status.as_u16(), tally, guards);
        plan.steps.push(Box::new(aside));
    }
    Ok(plan)
}

/// The steps of a stream.
fn stream(plan: &mut AnswerPlan, sent: Sent, looks: Option<Looks>, record: &Record) {
    let (written, is_behind) = match &sent.crossing {
        // Texts are looked at in the provider's words wherever those are events. Bedrock's are messages of AWS.
        Some(crossing) if sent.wire.format() == Format::Bedrock => (crossing.client, true),
        _ => (sent.wire, false),
    };
    let door = match &sent.crossing {
        Some(crossing) => Door::of(crossing.provider),
        None => Door::events(),
    };
    plan.entry = Entry::Stream(door);
    let looking = looks.map(|looks| looking(looks, written, record));
    let reading = reading(sent);
    match looking {
        Some(looking) if is_behind => {
            plan.steps.push(reading);
            plan.steps.push(Box::new(Reframe::new()));
            plan.steps.extend(looking);
        }
        looking => {
            plan.steps = looking.unwrap_or_default();
            plan.steps.push(reading);
        }
    }
}

/// The steps that look at it.
fn looking(looks: Looks, written: Wire, record: &Record) -> Vec<Box<dyn Step>> {
    let mut steps: Vec<Box<dyn Step>> = Vec::new();
    if !looks.guards.is_empty() {
        steps.push(Box::new(Look::new(looks.guards, written, record)));
    }
    if let Some(inquiry) = looks.inquiry {
        steps.push(Box::new(Ask::new(
            inquiry,
            written,
            record.shared().clone(),
        )));
    }
    steps
}

/// The step that reads it.
fn reading(sent: Sent) -> Box<dyn Step> {
    match sent.crossing {
        Some(crossing) => Box::new(Translate::new(*crossing)),
        None => Box::new(Tally::new(sent.wire, sent.operation, sent.strip_usage)),
    }
}

/// Whether an answer that is no stream is held until it is there as a whole. Guards that only watch do so as it passes.
fn must_be_whole(looks: Option<&Looks>, sent: &Sent) -> bool {
    let is_held = |looks: &Looks| looks.guards.enforce() || looks.inquiry.is_some();
    sent.crossing.is_some() || looks.is_some_and(is_held)
}

/// What looks at an answer that has texts; an error when something has to look at it and can't.
fn readable(looks: Option<Looks>, sent: &Sent, head: &Parts) -> Result<Option<Looks>, Rejected> {
    let has_text = match sent.operation {
        Operation::Chat => true,
        // Sound and pictures have no text, transcripts do.
        Operation::Media => !is_binary(&head.headers),
        Operation::Embeddings | Operation::CountTokens | Operation::Models => false,
    };
    let Some(looks) = looks.filter(|_| has_text) else {
        return Ok(None);
    };
    let is_unread = is_coded(&head.headers) || sent.operation == Operation::Media;
    let why = match is_event_stream(&head.headers) {
        true if is_unread => "it is a stream of media, or compressed",
        true if sent.wire.format() == Format::Bedrock && sent.crossing.is_none() => {
            "it comes in AWS' binary stream"
        }
        _ => return Ok(Some(looks)),
    };
    // Who only watches stands in nobody's way.
    if looks.enforce() {
        return Err(Rejection::unguarded(why));
    }
    Ok(None)
}
