//! Webhooks and moderation services, as a step: a stream is held in segments, and a whole answer as one, until those who are asked have
//! answered. While they are asked nothing more is read from the provider, and nobody else waits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use sluice_guard::ask::{Segments, Text, texts};
use sluice_guard::{Direction, Hits, PAGE};
use sluice_llm::Wire;
use sluice_llm::flow::{Frame, Out, WholeBody};
use tokio::time::{Instant, Sleep};

use super::step::{Close, Step, Wait};
use crate::gateway::Shared;
use crate::inquiry::{Inquiry, ask};
use crate::rejection::{Rejected, Rejection};

/// A segment is asked about so long after its first text.
const PATIENCE: Duration = Duration::from_secs(1);

/// What came of asking.
struct Said {
    result: Result<(), Rejected>,
    texts: Vec<Text>,
    hits: Hits,
}

/// Holds an answer until somebody has said what is to become of it.
pub(super) struct Ask {
    segments: Segments,
    /// An answer that is there as a whole, and its texts.
    whole: Option<AskedWhole>,
    inquiry: Arc<Inquiry>,
    shared: Arc<Shared>,
    /// Set from a segment's first text on.
    timer: Option<Pin<Box<Sleep>>>,
    asking: Option<Pin<Box<dyn Future<Output = Said> + Send>>>,
    state: State,
    hits: Hits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing more will come.
    Closed,
    /// And nothing is held any more.
    Done,
}

struct AskedWhole {
    whole: WholeBody,
    texts: Vec<Text>,
    /// A page for people, as proxies on the way write them.
    is_page: bool,
}

impl Ask {
    /// For an answer that is written in this wire where it is looked at.
    pub(super) fn new(inquiry: Arc<Inquiry>, wire: Wire, shared: Arc<Shared>) -> Self {
        let judges = inquiry.askers.iter().map(|asker| &asker.judge);
        Self {
            segments: Segments::new(wire, judges),
            whole: None,
            inquiry,
            shared,
            timer: None,
            asking: None,
            state: State::Open,
            hits: Hits::default(),
        }
    }

    fn asking(&self, mut texts: Vec<Text>) -> Pin<Box<dyn Future<Output = Said> + Send>> {
        let (inquiry, shared) = (self.inquiry.clone(), self.shared.clone());
        Box::pin(async move {
            let mut hits = Hits::default();
            let Inquiry { askers, about } = &*inquiry;
            let direction = Direction::Response;
            let result = ask(&shared, askers, about, direction, &mut texts, &mut hits).await;
            Said {
                result,
                texts,
                hits,
            }
        })
    }

    fn take_whole(&mut self, whole: WholeBody, out: Out<'_>) -> Result<(), Rejected> {
        let (texts, is_page) = match texts::of_answer(&whole.body) {
            Ok(texts) => (texts, false),
            Err(_) if !whole.is_success() => {
                let page = Text::whole(PAGE, &String::from_utf8_lossy(&whole.body));
                (vec![page], true)
            }
            Err(error) if self.inquiry.enforces() => {
                return Err(Rejection::unguarded(error.to_string()));
            }
            // Who only watches stands in nobody's way.
            Err(_) => {
                out(Frame::Whole(whole));
                return Ok(());
            }
        };
        self.asking = Some(self.asking(texts.clone()));
        self.whole = Some(AskedWhole {
            whole,
            texts,
            is_page,
        });
        Ok(())
    }

    /// Begins to ask about a segment, when it is time to.
    fn begin(&mut self, cx: &mut Context<'_>) -> Wait {
        if !self.segments.has_text() {
            return Wait::No;
        }
        if self.state == State::Open && !self.segments.is_due() {
            let timer = self.timer.get_or_insert_with(|| {
                Box::pin(tokio::time::sleep_until(Instant::now() + PATIENCE))
            });
            if timer.as_mut().poll(cx).is_pending() {
                return Wait::Timer;
            }
        }
        self.asking = Some(self.asking(self.segments.texts()));
        Wait::Word
    }
}

impl Step for Ask {
    fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Rejected> {
        match frame {
            Frame::Whole(whole) => return self.take_whole(whole, out),
            Frame::Event(_) => {}
            _ if self.inquiry.enforces() => return Err(Rejection::event_too_long()),
            _ => {}
        }
        self.segments.push(frame);
        Ok(())
    }

    fn close(&mut self, _: Close, _: Out<'_>) -> Result<(), Rejected> {
        self.state = State::Closed;
        self.segments.finish();
        Ok(())
    }

    fn waits(&self) -> bool {
        true
    }

    fn is_waiting(&self) -> bool {
        self.state == State::Closed || self.asking.is_some()
    }

    fn poll(&mut self, cx: &mut Context<'_>, out: Out<'_>) -> Result<Wait, Rejected> {
        if self.state == State::Done {
            return Ok(Wait::No);
        }
        if self.asking.is_none() && self.begin(cx) == Wait::Timer {
            return Ok(Wait::Timer);
        }
        let texts = match &mut self.asking {
            Some(asking) => {
                let Poll::Ready(said) = asking.as_mut().poll(cx) else {
                    return Ok(Wait::Word);
                };
                (self.asking, self.timer) = (None, None);
                self.hits.extend(&said.hits);
                said.result?;
                if let Some(asked) = self.whole.take() {
                    out(Frame::Whole(asked.answered(said.texts)?));
                    return Ok(Wait::Over);
                }
                said.texts
            }
            // What has no text has nobody to wait for.
            None if self.segments.is_held() || self.state == State::Closed => Vec::new(),
            None => return Ok(Wait::No),
        };
        let is_last = self.state == State::Closed;
        self.segments.release(texts, is_last, out);
        if is_last {
            self.state = State::Done;
        }
        Ok(Wait::Over)
    }

    fn held(&self) -> usize {
        self.segments.held()
    }

    fn hits(&self) -> Option<&Hits> {
        Some(&self.hits)
    }
}

impl AskedWhole {
    /// The answer with what was said of its texts.
    fn answered(self, mut texts: Vec<Text>) -> Result<WholeBody, Rejected> {
        let Self {
            whole,
            texts: old,
            is_page,
        } = self;
        if texts == old {
            return Ok(whole);
        }
        let body = if is_page {
            Bytes::from(texts.pop().map(|page| page.text).unwrap_or_default())
        } else {
            let new = texts::into_answer(&whole.body, &texts);
            let new = new.map_err(|error| Rejection::unguarded(error.to_string()))?;
            new.map_or(whole.body, Bytes::from)
        };
        Ok(WholeBody { body, ..whole })
    }
}
