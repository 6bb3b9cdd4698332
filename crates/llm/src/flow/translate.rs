//! An answer written anew in its caller's wire, frame by frame.

use bytes::Bytes;

use super::{Crossing, End, Frame, Out, Reading, Unreadable};
use crate::event::{Event, Failure};
use crate::translate::{Decoder, Encoder};
use crate::usage::Usage;

/// Writes an answer anew.
///
/// What a stream's events come to is given as bytes by [`Translate::flush`], which may be none.
#[derive(Debug)]
pub struct Translate {
    /// Made for the first event: a whole answer needs neither.
    stream: Option<Stream>,
    crossing: Crossing,
    told: Told,
    out: Vec<u8>,
}

/// Reads the provider's events, and writes the client's.
#[derive(Debug)]
struct Stream {
    decoder: Decoder,
    encoder: Encoder,
}

impl Stream {
    fn new(crossing: &Crossing) -> Self {
        Self {
            decoder: Decoder::new(crossing.provider, crossing.context.seed),
            encoder: Encoder::new(crossing.client, crossing.context.clone()),
        }
    }
}

/// What the answer has said of itself.
#[derive(Debug, Default)]
struct Told {
    usage: Usage,
    end: End,
    failure: Option<Failure<'static>>,
}

impl Told {
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Usage(totals) => self.usage = *totals,
            // A provider that has reported an error can't take it back.
            Event::End if self.end != End::Failed => self.end = End::Complete,
            Event::Error(error) => {
                self.end = End::Failed;
                self.failure = Some(error.clone().into_owned());
            }
            _ => {}
        }
    }
}

impl Translate {
    /// From a provider's wire to a client's.
    pub fn new(crossing: Crossing) -> Self {
        Self {
            stream: None,
            crossing,
            told: Told::default(),
            out: Vec::new(),
        }
    }

    /// Takes the next frame. A whole answer goes on at once, what a stream says is gathered.
    pub fn frame(&mut self, frame: Frame, out: Out<'_>) -> Result<(), Unreadable> {
        if let Frame::Whole(whole) = frame {
            let translated = self.crossing.whole(&whole)?;
            let end = if translated.failure.is_some() {
                End::Failed
            } else {
                End::Complete
            };
            self.told = Told {
                usage: translated.usage,
                end,
                failure: translated.failure,
            };
            out(Frame::Whole(translated.whole));
            return Ok(());
        }
        let Self {
            stream,
            crossing,
            told,
            out: written,
        } = self;
        let Stream { decoder, encoder } = stream.get_or_insert_with(|| Stream::new(crossing));
        let mut sink = |event: Event<'_>| {
            told.hear(&event);
            encoder.event(&event, written);
        };
        match frame {
            Frame::Event(event) => decoder.event(&event, &mut sink),
            Frame::Message(message) => decoder.message(&message, &mut sink),
            Frame::Unframed(unframed) => decoder.give_up(&unframed.why, &mut sink),
            // Whole ones have gone on, and bytes are of a stream that can't be read any more.
            Frame::Whole(_) | Frame::Bytes(_) => {}
        }
        Ok(())
    }

    /// No more frames are at hand: gives what those that were have come to.
    pub fn flush(&mut self, out: Out<'_>) {
        if !self.out.is_empty() {
            out(Frame::Bytes(Bytes::from(std::mem::take(&mut self.out))));
        }
    }

    /// The provider's stream is at its end; one that never said so is cut.
    pub fn close(&mut self, out: Out<'_>) {
        let Self {
            stream,
            crossing,
            told,
            out: written,
        } = self;
        // A whole answer has said all.
        if told.end == End::Open {
            let Stream { decoder, encoder } = stream.get_or_insert_with(|| Stream::new(crossing));
            decoder.finish(&mut |event: Event<'_>| {
                told.hear(&event);
                encoder.event(&event, written);
            });
        }
        self.flush(out);
    }

    /// What was read so far.
    pub fn reading(&self) -> Reading {
        Reading {
            usage: self.told.usage,
            end: Some(self.told.end),
        }
    }

    /// What went wrong within the answer, of which the client has been told in its own format.
    pub fn failure(&self) -> Option<&Failure<'static>> {
        self.told.failure.as_ref()
    }

    /// Bytes that wait to be flushed.
    pub fn held(&self) -> usize {
        self.out.len()
    }
}
