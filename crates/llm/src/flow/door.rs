//! Where an answer's bytes become frames. It is the only place that cuts: all steps see the same frames.

use bytes::Bytes;

use super::{Frame, Unframed};
use crate::Wire;
use crate::dialect::bedrock::frame;
use crate::sse;

/// How a provider puts its answer on the wire.
#[derive(Debug)]
pub enum Door {
    /// As server-sent events.
    Events(sse::Decoder),
    /// As AWS' event stream.
    Messages(frame::Decoder),
    /// In a way that nobody takes apart.
    Bytes,
}

impl Door {
    /// For server-sent events.
    pub fn events() -> Self {
        Door::Events(sse::Decoder::default())
    }

    /// For a stream of this wire.
    pub fn of(wire: Wire) -> Self {
        match wire {
            Wire::Converse => Door::Messages(frame::Decoder::default()),
            _ => Door::events(),
        }
    }

    /// Takes the next bytes and hands each frame that ends in them to `each`.
    ///
    /// What can't be cut is handed on as [`Frame::Unframed`], and what follows it as [`Frame::Bytes`].
    pub fn push(&mut self, chunk: Bytes, each: &mut dyn FnMut(Frame)) {
        let unframed = match self {
            Door::Bytes => return each(Frame::Bytes(chunk)),
            Door::Events(decoder) => {
                let Err(why) = decoder.push(chunk, |event| each(Frame::Event(event))) else {
                    return;
                };
                let bytes = decoder.finish().map(sse::Event::into_raw);
                let bytes = bytes.unwrap_or_default();
                let (why, is_too_long) = (why.to_string(), true);
                Unframed {
                    bytes,
                    why,
                    is_too_long,
                }
            }
            Door::Messages(decoder) => {
                let read = decoder.push(&chunk, |message| each(Frame::Message(Box::new(message))));
                let Err(why) = read else { return };
                let (bytes, why) = (Bytes::new(), why.to_string());
                Unframed {
                    bytes,
                    why,
                    is_too_long: false,
                }
            }
        };
        *self = Door::Bytes;
        each(Frame::Unframed(unframed));
    }

    /// The bytes are at their end. Gives what was not ended by the blank line that servers leave out.
    pub fn close(&mut self) -> Option<Frame> {
        match self {
            Door::Events(decoder) => decoder.finish().map(Frame::Event),
            Door::Messages(_) | Door::Bytes => None,
        }
    }

    /// Bytes that are held of a frame that has not ended.
    pub fn held(&self) -> usize {
        match self {
            Door::Events(decoder) => decoder.held(),
            Door::Messages(decoder) => decoder.held(),
            Door::Bytes => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(door: &mut Door, chunk: Bytes) -> Vec<Frame> {
        let mut frames = Vec::new();
        door.push(chunk, &mut |frame| frames.push(frame));
        frames
    }

    #[test]
    fn an_event_that_is_too_long_is_let_go_whole_and_nothing_after_it_is_cut() {
        let mut door = Door::events();
        let long = [b"data: ".as_slice(), &vec![b'x'; sse::MAX_EVENT]].concat();
        let frames = cut(&mut door, Bytes::from(long.clone()));
        let [Frame::Unframed(unframed)] = frames.as_slice() else {
            panic!("{} frames", frames.len());
        };
        assert!(unframed.is_too_long && unframed.bytes == long);
        let rest = Bytes::from_static(b"y\n\ndata: 1\n\n");
        assert_eq!(cut(&mut door, rest.clone()), [Frame::Bytes(rest)]);
        assert_eq!(door.held(), 0);
    }

    #[test]
    fn what_is_no_stream_of_aws_is_no_frame() {
        let mut door = Door::of(Wire::Converse);
        let frames = cut(&mut door, Bytes::from_static(&[7; 64]));
        assert!(matches!(frames.as_slice(), [Frame::Unframed(u)] if !u.is_too_long));
    }

    #[test]
    fn the_last_event_needs_no_blank_line() {
        let mut door = Door::events();
        assert_eq!(cut(&mut door, Bytes::from_static(b"data: 1")), []);
        assert_eq!(door.held(), 7);
        let last = door.close().map(Frame::into_bytes);
        assert_eq!(last.as_deref(), Some(&b"data: 1"[..]));
    }
}
