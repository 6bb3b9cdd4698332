//! HTTP/1.1 as far as a bench needs it: where a head ends, how long the body is, when a chunked body is over.

use bytes::{Buf, BytesMut};
use memchr::memmem;

/// What a head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The status; 0 in requests.
    pub(crate) status: u16,
    /// The body's length; 0 if not said.
    pub(crate) length: usize,
    /// Whether the body is chunked.
    pub(crate) chunked: bool,
    /// Where the body begins.
    pub(crate) body: usize,
}

/// Reads a head, once it is there.
pub(crate) fn head(input: &[u8]) -> Option<Head> {
    let body = memmem::find(input, b"\r\n\r\n")? + 4;
    let mut lines = input[..body].split(|b| *b == b'\n');
    let first = lines.next().unwrap_or_default();
    let status = if first.starts_with(b"HTTP/") {
        number(first.get(9..12).unwrap_or_default()) as u16
    } else {
        0
    };
    let mut head = Head {
        status,
        length: 0,
        chunked: false,
        body,
    };
    for line in lines {
        if let Some(value) = value(line, b"content-length:") {
            head.length = number(value);
        } else if let Some(value) = value(line, b"transfer-encoding:") {
            head.chunked = memmem::find(value, b"chunked").is_some();
        }
    }
    Some(head)
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(rest)
}

fn number(text: &[u8]) -> usize {
    text.iter()
        .filter(|b| b.is_ascii_digit())
        .fold(0, |n, b| n * 10 + usize::from(b - b'0'))
}

/// Takes a chunked body apart as it arrives.
#[derive(Debug, Default)]
pub(crate) struct Chunked {
    /// Bytes of the current chunk still to come, with its line end.
    left: usize,
    /// The last chunk has begun.
    last: bool,
}

impl Chunked {
    /// Takes what has arrived, gives data to `seen`; true at the body's end.
    pub(crate) fn take(&mut self, input: &mut BytesMut, mut seen: impl FnMut(&[u8])) -> bool {
        loop {
            if self.left > 0 {
                let here = self.left.min(input.len());
                let data = here.min(self.left.saturating_sub(2));
                seen(&input[..data]);
                input.advance(here);
                self.left -= here;
                if self.left > 0 {
                    return false;
                }
                if self.last {
                    return true;
                }
            }
            let Some(end) = memmem::find(input, b"\r\n") else {
                return false;
            };
            let size = input[..end]
                .iter()
                .take_while(|b| b.is_ascii_hexdigit())
                .fold(0, |n, b| {
                    n * 16 + (*b as char).to_digit(16).unwrap_or(0) as usize
                });
            input.advance(end + 2);
            self.last = size == 0;
            self.left = size + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nabc";
        assert_eq!(
            head(text),
            Some(Head {
                status: 200,
                length: 12,
                chunked: false,
                body: 39
            })
        );
        assert_eq!(
            head(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").map(|h| h.chunked),
            Some(true)
        );
        assert_eq!(head(b"HTTP/1.1 200 OK\r\n"), None);
    }

    #[test]
    fn chunked_bodies_end_wherever_they_are_cut() {
        let text = b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
        for cut in 0..text.len() {
            let (mut chunked, mut data) = (Chunked::default(), Vec::new());
            let mut input = BytesMut::from(&text[..cut]);
            assert!(!chunked.take(&mut input, |d| data.extend_from_slice(d)));
            input.extend_from_slice(&text[cut..]);
            assert!(chunked.take(&mut input, |d| data.extend_from_slice(d)));
            assert_eq!(
                (data.as_slice(), input.len()),
                (b"abc0123456789".as_slice(), 0)
            );
        }
    }
}
