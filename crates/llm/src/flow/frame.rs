//! What an answer comes in.

use bytes::Bytes;

use crate::dialect::bedrock::frame::Message;
use crate::sse::Event;

/// One piece of an answer that is looked at, changed or passed on as one.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A server-sent event.
    Event(Event),
    /// A message of AWS' event stream.
    Message(Box<Message>),
    /// A body that is there as a whole: an answer that is no stream has this frame and no other.
    Whole(WholeBody),
    /// Bytes that nobody takes apart.
    Bytes(Bytes),
    /// Bytes that should have been frames, and can't be read as such. What follows comes as [`Frame::Bytes`].
    Unframed(Unframed),
}

impl Frame {
    /// How many bytes it has.
    pub fn len(&self) -> usize {
        match self {
            Frame::Event(event) => event.raw().len(),
            Frame::Message(message) => message.payload.len(),
            Frame::Whole(whole) => whole.body.len(),
            Frame::Bytes(bytes) => bytes.len(),
            Frame::Unframed(unframed) => unframed.bytes.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes as they stand, where the frame has any that could be passed on.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Frame::Event(event) => event.into_raw(),
            // Nobody gets AWS' messages as they are.
            Frame::Message(_) => Bytes::new(),
            Frame::Whole(whole) => whole.body,
            Frame::Bytes(bytes) => bytes,
            Frame::Unframed(unframed) => unframed.bytes,
        }
    }
}

/// A whole body, and the status that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeBody {
    /// HTTP status.
    pub status: u16,
    /// All of it, decoded.
    pub body: Bytes,
}

impl WholeBody {
    /// Whether the status says that it is an answer, and no error.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Bytes that can't be read as frames, all that were held included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unframed {
    /// As they came.
    pub bytes: Bytes,
    /// What is wrong with them.
    pub why: String,
    /// They may be frames, which are too long to be held.
    pub is_too_long: bool,
}
