//! AWS' event stream, written: lengths, headers, payload, and a CRC-32 of each part.

use bytes::Bytes;

/// One message. Names of exceptions end in `Exception`.
pub(crate) fn frame(name: &str, data: &str) -> Bytes {
    let (key, kind) = if name.ends_with("Exception") {
        (":exception-type", "exception")
    } else {
        (":event-type", "event")
    };
    let mut headers = Vec::new();
    for (key, value) in [
        (key, name),
        (":content-type", "application/json"),
        (":message-type", kind),
    ] {
        headers.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
        headers.extend_from_slice(key.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(u16::try_from(value.len()).unwrap_or(u16::MAX)).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let total = 12 + headers.len() + data.len() + 4;
    let mut out = (u32::try_from(total).unwrap_or(u32::MAX))
        .to_be_bytes()
        .to_vec();
    out.extend_from_slice(&(u32::try_from(headers.len()).unwrap_or(u32::MAX)).to_be_bytes());
    out.extend_from_slice(&crc32(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(data.as_bytes());
    out.extend_from_slice(&crc32(&out).to_be_bytes());
    out.into()
}

/// CRC-32 as in ISO 3309, bit by bit: slow, and easy to check.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
