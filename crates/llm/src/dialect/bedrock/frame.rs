//! AWS' event stream (Smithy, "Amazon Event Stream"): binary messages with checksums, cut anywhere.

use bytes::{Buf, Bytes, BytesMut};

/// Longest message that is taken apart, in bytes, as AWS' own SDKs have it.
pub const MAX_MESSAGE: usize = 24 << 20;
/// The lengths and their checksum.
const PRELUDE: usize = 12;
/// A message's own checksum.
const TRAILER: usize = 4;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// `:message-type`: `event`, `exception` or `error`.
    pub kind: String,
    /// `:event-type`, `:exception-type` or `:error-code`.
    pub name: String,
    /// `:error-message`, where the message is an error.
    pub error: String,
    /// Its bytes, JSON for Bedrock.
    pub payload: Bytes,
}

/// The bytes are no event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A length is impossible.
    #[error("a message of an event stream has an impossible length")]
    Length,
    /// A checksum doesn't match.
    #[error("a checksum of an event stream does not match")]
    Checksum,
    /// A header is none.
    #[error("a header of an event stream is malformed")]
    Header,
}

/// Takes bytes as they come and gives messages as they end.
#[derive(Debug, Default)]
pub struct Decoder {
    carry: BytesMut,
}

impl Decoder {
    /// Takes the next bytes and hands each message that ends in them to `each`. After an error nothing more can be read.
    pub fn push(&mut self, chunk: &[u8], mut each: impl FnMut(Message)) -> Result<(), FrameError> {
        self.carry.extend_from_slice(chunk);
        while let Some(message) = self.next()? {
            each(message);
        }
        Ok(())
    }

    /// Bytes of a message that has not ended.
    pub fn held(&self) -> usize {
        self.carry.len()
    }

    fn next(&mut self) -> Result<Option<Message>, FrameError> {
        let Some(mut prelude) = self.carry.get(..PRELUDE) else {
            return Ok(None);
        };
        let checked = crc(prelude.get(..8).unwrap_or_default());
        let (total, headers) = (prelude.get_u32() as usize, prelude.get_u32() as usize);
        if prelude.get_u32() != checked {
            return Err(FrameError::Checksum);
        }
        if !(PRELUDE + TRAILER..=MAX_MESSAGE).contains(&total)
            || headers > total - PRELUDE - TRAILER
        {
            return Err(FrameError::Length);
        }
        if self.carry.len() < total {
            return Ok(None);
        }
        let whole = self.carry.split_to(total).freeze();
        let mut trailer = whole.slice(total - TRAILER..);
        if crc(whole.get(..total - TRAILER).unwrap_or_default()) != trailer.get_u32() {
            return Err(FrameError::Checksum);
        }
        let payload = whole.slice(PRELUDE + headers..total - TRAILER);
        let mut message = Message {
            payload,
            ..Message::default()
        };
        read_headers(whole.slice(PRELUDE..PRELUDE + headers), &mut message)
            .ok_or(FrameError::Header)?;
        Ok(Some(message))
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn take(bytes: &mut Bytes, len: usize) -> Option<Bytes> {
    (bytes.len() >= len).then(|| bytes.split_to(len))
}

/// Headers: a name, a type, a value. Only texts say something here.
fn read_headers(mut bytes: Bytes, message: &mut Message) -> Option<()> {
    while !bytes.is_empty() {
        let len = usize::from(bytes.try_get_u8().ok()?);
        let name = take(&mut bytes, len)?;
        let value = match bytes.try_get_u8().ok()? {
            0 | 1 => Bytes::new(),
            2 => take(&mut bytes, 1)?,
            3 => take(&mut bytes, 2)?,
            4 => take(&mut bytes, 4)?,
            5 | 8 => take(&mut bytes, 8)?,
            6 | 7 => {
                let len = usize::from(bytes.try_get_u16().ok()?);
                take(&mut bytes, len)?
            }
            9 => take(&mut bytes, 16)?,
            _ => return None,
        };
        let text = || String::from_utf8_lossy(&value).into_owned();
        match &name[..] {
            b":message-type" => message.kind = text(),
            b":event-type" | b":exception-type" | b":error-code" => message.name = text(),
            b":error-message" => message.error = text(),
            _ => {}
        }
    }
    Some(())
}

/// Writes a message, for doubles and tests.
pub fn encode(kind: &str, name: &str, payload: &[u8]) -> Vec<u8> {
    let key = if kind == "exception" {
        ":exception-type"
    } else {
        ":event-type"
    };
    let mut headers = Vec::new();
    for (name, value) in [
        (key, name),
        (":content-type", "application/json"),
        (":message-type", kind),
    ] {
        headers.push(u8::try_from(name.len()).unwrap_or(0));
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let length = |n: usize| u32::try_from(n).unwrap_or(0).to_be_bytes();
    let mut out = length(PRELUDE + headers.len() + payload.len() + TRAILER).to_vec();
    out.extend_from_slice(&length(headers.len()));
    out.extend_from_slice(&crc(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc(&out).to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(chunks: &[&[u8]]) -> Result<Vec<Message>, FrameError> {
        let mut decoder = Decoder::default();
        let mut all = Vec::new();
        for chunk in chunks {
            decoder.push(chunk, |m| all.push(m))?;
        }
        Ok(all)
    }

    fn mk_stream() -> Vec<u8> {
        [
            encode("event", "messageStart", br#"{"role":"assistant"}"#),
            encode(
                "event",
                "contentBlockDelta",
                r#"{"delta":{"text":"é"}}"#.as_bytes(),
            ),
            encode("exception", "throttlingException", br#"{"message":"slow"}"#),
        ]
        .concat()
    }

    #[test]
    fn a_cut_at_every_byte_gives_identical_messages() {
        let stream = mk_stream();
        let whole = decode(&[&stream]).unwrap();
        assert_eq!(
            (whole.len(), whole[2].kind.as_str(), whole[2].name.as_str()),
            (3, "exception", "throttlingException")
        );
        for cut in 0..=stream.len() {
            assert_eq!(
                decode(&[&stream[..cut], &stream[cut..]]).unwrap(),
                whole,
                "cut at {cut}"
            );
        }
        assert_eq!(
            decode(&stream.chunks(1).collect::<Vec<_>>()).unwrap(),
            whole
        );
    }

    #[test]
    fn the_empty_message_of_the_specification_is_read() {
        // Smithy's own test vector: no headers, no payload.
        let bytes = [
            0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff,
        ];
        assert_eq!(decode(&[&bytes]).unwrap(), [Message::default()]);
    }

    #[test]
    fn every_flipped_bit_is_noticed_or_waited_for() {
        let stream = encode("event", "x", b"{}");
        for bit in 0..stream.len() * 8 {
            let mut broken = stream.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !matches!(decode(&[&broken]), Ok(found) if !found.is_empty()),
                "bit {bit}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&[&bytes]);
        }
    }
}
