//! Server-sent events (WHATWG HTML, section 9.2), cut anywhere, with their raw bytes kept.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};

/// Longest event that is taken apart, in bytes. Responses events carry whole outputs, so it is generous.
pub const MAX_EVENT: usize = 8 << 20;

/// One event: its bytes as they came, with the blank line that ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    raw: Bytes,
}

/// An event is longer than [`MAX_EVENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a server-sent event is longer than 8 MiB")]
pub struct EventTooLong;

impl Event {
    /// The bytes as they came.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Its bytes.
    pub fn into_raw(self) -> Bytes {
        self.raw
    }

    /// One that was written here.
    pub(crate) fn written(raw: Bytes) -> Self {
        Self { raw }
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        Lines { rest: &self.raw }
    }

    fn values<'a>(&'a self, field: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.lines().filter_map(move |line| {
            let (name, value) = match memchr(b':', line) {
                Some(colon) => (&line[..colon], &line[colon + 1..]),
                None => (line, &b""[..]),
            };
            (name == field).then(|| value.strip_prefix(b" ").unwrap_or(value))
        })
    }

    /// The value of the last `event` field.
    pub fn name(&self) -> Option<&[u8]> {
        self.values(b"event").last()
    }

    /// The `data` fields, joined with line feeds. `None` without one, as in a comment.
    pub fn data(&self) -> Option<Cow<'_, [u8]>> {
        let mut values = self.values(b"data");
        let first = values.next()?;
        let Some(second) = values.next() else {
            return Some(Cow::Borrowed(first));
        };
        let mut all = [first, b"\n", second].concat();
        for value in values {
            all.push(b'\n');
            all.extend_from_slice(value);
        }
        Some(Cow::Owned(all))
    }
}

struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest[end..]
            .strip_prefix(b"\r\n")
            .or_else(|| self.rest[end..].strip_prefix(b"\n"))
            .or_else(|| self.rest[end..].strip_prefix(b"\r"))
            .unwrap_or_default();
        Some(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line))
    }
}

/// Takes bytes as they come and gives events as they end. Concatenated, the events' raw bytes are the input.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of an event that has not ended yet.
    carry: BytesMut,
    /// How far `carry` has been looked at.
    seen: Seen,
}

/// How far the first event of some bytes has been looked at.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// Where the line at hand begins.
    line: usize,
    /// Whether a line before it has something in it.
    begun: bool,
}

impl Decoder {
    /// Takes the next bytes and hands each event that ends in them to `each`.
    ///
    /// An event that lies within one chunk is a slice of it; only what is cut is copied.
    pub fn push(&mut self, chunk: Bytes, mut each: impl FnMut(Event)) -> Result<(), EventTooLong> {
        let mut rest = chunk;
        if !self.carry.is_empty() {
            self.carry.extend_from_slice(&rest);
            rest = Bytes::new();
            while let Some(end) = self.event_end() {
                self.seen = Seen::default();
                each(Event {
                    raw: self.carry.split_to(end).freeze(),
                });
            }
        }
        let mut seen = Seen::default();
        while let Some(end) = event_end(&rest, &mut seen) {
            each(Event {
                raw: rest.split_to(end),
            });
            seen = Seen::default();
        }
        if !rest.is_empty() {
            self.carry.extend_from_slice(&rest);
            self.seen = seen;
        }
        if self.carry.len() > MAX_EVENT {
            Err(EventTooLong)
        } else {
            Ok(())
        }
    }

    fn event_end(&mut self) -> Option<usize> {
        event_end(&self.carry, &mut self.seen)
    }

    /// Bytes of an event that has not ended.
    pub fn held(&self) -> usize {
        self.carry.len()
    }

    /// What is left at the end of the stream: servers leave the last blank line out.
    pub fn finish(&mut self) -> Option<Event> {
        self.seen = Seen::default();
        let raw = self.carry.split().freeze();
        (!raw.is_empty()).then_some(Event { raw })
    }
}

/// Position just after the blank line that ends the first event. Notes which lines are complete: each byte is looked at once, however
/// the bytes come.
///
/// A carriage return as the very last byte is not looked past, since a line feed may follow it.
fn event_end(bytes: &[u8], seen: &mut Seen) -> Option<usize> {
    loop {
        let ending = seen.line + memchr2(b'\n', b'\r', bytes.get(seen.line..)?)?;
        let next = match (bytes[ending], bytes.get(ending + 1)) {
            (b'\n', _) => ending + 1,
            (_, Some(b'\n')) => ending + 2,
            (_, Some(_)) => ending + 1,
            (_, None) => return None,
        };
        // Blank lines before the first field belong to the event that follows.
        let is_blank = ending == seen.line;
        seen.line = next;
        if is_blank && seen.begun {
            return Some(next);
        }
        seen.begun |= !is_blank;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder
                .push(Bytes::copy_from_slice(chunk), |e| events.push(e))
                .unwrap();
        }
        events.extend(decoder.finish());
        events
    }

    const STREAMS: &[&str] = &[
        "data: {\"a\":1}\n\ndata: [DONE]\n\n",
        "event: x\r\ndata:{}\r\n\r\n: ping\r\n\r\ndata: é\r\ndata: 2\r\n\r\n",
        "\u{feff}data: 1\r\rdata: 2\r\r",
        "data: no blank line at the end",
        "\n\n\ndata: after blanks\n\n\n\n: comment only\n\nid: 7\nretry: 1\n\n",
    ];

    #[test]
    fn a_cut_at_every_byte_gives_identical_events() {
        for stream in STREAMS {
            let bytes = stream.as_bytes();
            let whole = decode(&[bytes]);
            for cut in 0..=bytes.len() {
                assert_eq!(
                    decode(&[&bytes[..cut], &bytes[cut..]]),
                    whole,
                    "{stream:?} cut at {cut}"
                );
            }
            let singles: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(decode(&singles), whole);
        }
    }

    #[test]
    fn blank_lines_are_looked_at_once_and_belong_to_what_follows() {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        for i in 1..=1000 {
            decoder
                .push(Bytes::from_static(b"\n\r\n"), |e| events.push(e))
                .unwrap();
            // Where the next look begins.
            assert_eq!((decoder.seen.line, decoder.seen.begun), (3 * i, false));
        }
        decoder
            .push(Bytes::from_static(b"data: 1\n\n"), |e| events.push(e))
            .unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].raw().len(), 3009);
    }

    #[test]
    fn fields_are_read() {
        let events = decode(&[STREAMS[1].as_bytes()]);
        assert_eq!(events[0].name(), Some(&b"x"[..]));
        assert_eq!(events[0].data().as_deref(), Some(&b"{}"[..]));
        assert_eq!(events[1].data(), None);
        assert_eq!(events[2].data().as_deref(), Some("é\n2".as_bytes()));
        assert_eq!(
            decode(&[STREAMS[2].as_bytes()])[0].data().as_deref(),
            Some(&b"1"[..])
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_cuts_don_t_matter(
            bytes in prop::collection::vec(prop::sample::select(b"da:\n\r x".to_vec()), 0..60),
            cuts in prop::collection::vec(0..60usize, 0..5),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|c| *c <= bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let events = decode(&chunks);
            let joined: Vec<u8> = events.iter().flat_map(|e| e.raw().to_vec()).collect();
            prop_assert_eq!(&joined, &bytes);
            prop_assert_eq!(events, decode(&[&bytes]));
        }
    }
}
