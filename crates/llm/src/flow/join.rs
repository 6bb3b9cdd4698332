//! Frames become bytes again, without a copy where they stood beside each other when they came.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::Frame;

/// Gathers the bytes of frames.
#[derive(Debug, Default)]
pub struct Join {
    /// What the frames at hand were cut from.
    source: Bytes,
    /// A part of the source that is to go next.
    run: Range<usize>,
    /// What goes before it.
    before: BytesMut,
    /// A frame that is no part of the source, as long as it is alone.
    alone: Bytes,
}

impl Join {
    /// Frames that follow are, as far as nobody changes them, cut from these bytes.
    pub fn source(&mut self, chunk: &Bytes) {
        self.flush();
        self.source = chunk.clone();
    }

    /// Takes the next frame.
    pub fn push(&mut self, frame: Frame) {
        let bytes = frame.into_bytes();
        if bytes.is_empty() {
            return;
        }
        match within(&self.source, &bytes) {
            Some(part) if self.run.is_empty() => self.run = part,
            Some(part) if self.run.end == part.start => self.run.end = part.end,
            Some(part) => {
                self.flush();
                self.run = part;
            }
            None => {
                self.flush();
                if self.before.is_empty() && self.alone.is_empty() {
                    self.alone = bytes;
                } else {
                    self.flush_alone();
                    self.before.extend_from_slice(&bytes);
                }
            }
        }
    }

    /// What was gathered, in order; empty when nothing was.
    pub fn take(&mut self) -> Bytes {
        let run = std::mem::take(&mut self.run);
        let source = std::mem::take(&mut self.source);
        let part = source.slice(run);
        if self.before.is_empty() {
            if self.alone.is_empty() {
                return part;
            }
            if part.is_empty() {
                return std::mem::take(&mut self.alone);
            }
        }
        self.flush_alone();
        self.before.extend_from_slice(&part);
        self.before.split().freeze()
    }

    fn flush(&mut self) {
        if self.run.is_empty() {
            return;
        }
        self.flush_alone();
        let run = std::mem::take(&mut self.run);
        self.before.extend_from_slice(&self.source[run]);
    }

    fn flush_alone(&mut self) {
        let alone = std::mem::take(&mut self.alone);
        self.before.extend_from_slice(&alone);
    }
}

/// Where in `source` a part of it stands. Memory that lies within is of it, since `source` holds on to it.
fn within(source: &Bytes, part: &Bytes) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(source.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= source.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_nobody_changed_is_the_very_chunk() {
        let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
        let mut join = Join::default();
        join.source(&chunk);
        join.push(Frame::Bytes(chunk.slice(..9)));
        join.push(Frame::Bytes(chunk.slice(9..)));
        let out = join.take();
        assert_eq!((out.as_ptr(), out.len()), (chunk.as_ptr(), chunk.len()));
        assert!(join.take().is_empty());
    }

    proptest! {
        #[test]
        fn frames_come_out_in_the_order_in_which_they_went_in(
            parts in prop::collection::vec((any::<bool>(), 0..40usize, 0..10usize), 0..12),
        ) {
            let chunk = Bytes::from((0..50u8).collect::<Vec<_>>());
            let (mut join, mut want) = (Join::default(), Vec::new());
            join.source(&chunk);
            for (is_own, at, len) in parts {
                let part = chunk.slice(at..at + len);
                want.extend_from_slice(&part);
                let part = if is_own { Bytes::copy_from_slice(&part) } else { part };
                join.push(Frame::Bytes(part));
            }
            prop_assert_eq!(&join.take()[..], &want[..]);
        }
    }
}
