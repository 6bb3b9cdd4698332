//! The way back of an answer: a flow of frames through steps, from the provider's bytes to the caller's.
//!
//! ```text
//! open      the head is there: which steps, in which order (plan)
//! gate      a whole answer: nothing is said before all of its steps have had their say
//! look      guards, then those who are asked
//! convert   another wire; or only read
//! keep      what is held is accounted for; what was found is for the record
//! pass      frames become bytes again
//! ```

mod aside;
mod ask;
mod findings;
mod flow;
mod head;
mod look;
mod passing;
mod plan;
mod reframe;
mod source;
mod step;
mod whole;

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use sluice_llm::flow::Door;

use crate::client::Reply;
use crate::record::{Findings, Record};
use crate::rejection::Rejected;

pub(crate) use passing::{BodyError, Passing};
pub(crate) use plan::{Looks, Sent};

use flow::Flow;
use passing::Passage;
use plan::{AnswerPlan, Entry};
use source::Source;

/// An answer whose head can be sent.
pub(crate) enum Answer {
    /// It is whole.
    Ready(Response<Bytes>),
    /// It passes as it comes.
    Passing(Box<Opened>),
}

/// An answer that has not begun to pass.
pub(crate) struct Opened {
    head: Parts,
    source: Source,
    passage: Passage,
    flow: Flow,
}

/// Opens an answer. One that has to be whole is read to its end; what was learnt of it is in `findings`, however it ends.
pub(crate) async fn open(
    reply: Reply,
    sent: Option<Sent>,
    looks: Option<Looks>,
    record: &Record,
    findings: &mut Findings,
) -> Result<Answer, Rejected> {
    let Reply {
        response,
        lease,
        timeout,
        deadline,
    } = reply;
    let (mut head, incoming) = response.into_parts();
    let is_provider = sent.is_some();
    if let Some(sent) = &sent {
        head::mark(&mut head.headers, &sent.dropped);
    }
    let AnswerPlan {
        entry,
        steps,
        crossed,
        counts,
    } = plan::plan(sent, &head, looks, record)?;
    let flow = Flow::new(steps, record.share());
    if is_provider {
        head::clean(&mut head.headers);
    }
    let ours = head::Ours {
        id: &record.id,
        format: record.format,
        crossed,
    };
    let pause = head::is_event_stream(&head.headers).then_some(timeout);
    let source = Source::new(incoming, lease, deadline, pause);
    let door = match entry {
        Entry::Whole => {
            let gathering = whole::Gathering {
                source,
                timeout,
                deadline,
            };
            return whole::answer(head, gathering, flow, (ours, counts), findings)
                .await
                .map(Answer::Ready);
        }
        Entry::Stream(door) => {
            head::unbuffer(&mut head.headers);
            if crossed {
                head::set_event_stream(&mut head.headers);
            }
            Some(door)
        }
        Entry::Bytes => None,
    };
    head::set_ids(&mut head.headers, ours);
    let passage = Passage {
        is_stream: door.is_some(),
        door: door.unwrap_or(Door::Bytes),
        counts,
    };
    Ok(Answer::Passing(Box::new(Opened {
        head,
        source,
        passage,
        flow,
    })))
}

impl Opened {
    /// Lets it pass. The record ends with it.
    pub(crate) fn pass(self, mut record: Record) -> Response<Box<Passing>> {
        record.status = self.head.status;
        record.streaming |= self.passage.is_stream;
        let passing = Passing::new(self.source, self.passage, self.flow, record);
        Response::from_parts(self.head, Box::new(passing))
    }
}
