//! Bodies that were compressed for the way (RFC 9110, section 8.4).

use std::io::Read;

use bytes::Bytes;

/// A body can't be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The coding is none of gzip, deflate and br.
    #[error("the content-encoding is not supported")]
    Unsupported,
    /// The bytes are not what the coding says.
    #[error("the body is not valid for its content-encoding")]
    Malformed,
    /// What comes out is longer than allowed.
    #[error("the decoded body is too large")]
    TooLarge,
    /// There is no memory for what comes out.
    #[error("there is no memory for the decoded body")]
    NoMemory,
}

/// How many codings one after the other are undone.
const MAX_CODINGS: usize = 2;
/// Memory is asked for in steps of this size.
const STEP: usize = 256 << 10;

/// Decodes a body, one coding or two as in `gzip, br`, to at most `limit` bytes. `grant` is asked, before it is used, whether
/// there may be so many bytes of memory.
pub fn decode(
    coding: &[u8],
    body: &[u8],
    limit: usize,
    grant: &mut dyn FnMut(usize) -> bool,
) -> Result<Bytes, DecodeError> {
    let coding = std::str::from_utf8(coding)
        .map_err(|_| DecodeError::Unsupported)?
        .to_ascii_lowercase();
    let mut bytes = Bytes::copy_from_slice(body);
    if coding.split(',').count() > MAX_CODINGS {
        return Err(DecodeError::Unsupported);
    }
    // The last one that was applied is named last.
    for name in coding
        .split(',')
        .rev()
        .map(str::trim)
        .filter(|n| !n.is_empty() && *n != "identity")
    {
        bytes = match name {
            "gzip" | "x-gzip" => read(flate2::read::MultiGzDecoder::new(&*bytes), limit, grant),
            // "deflate" is zlib's format in name, and raw in some clients.
            "deflate" => read(flate2::read::ZlibDecoder::new(&*bytes), limit, grant).or_else(|e| {
                if e == DecodeError::Malformed {
                    read(flate2::read::DeflateDecoder::new(&*bytes), limit, grant)
                } else {
                    Err(e)
                }
            }),
            "br" => read(
                brotli_decompressor::Decompressor::new(&*bytes, 4096),
                limit,
                grant,
            ),
            _ => return Err(DecodeError::Unsupported),
        }?;
    }
    Ok(bytes)
}

fn read(
    mut reader: impl Read,
    limit: usize,
    grant: &mut dyn FnMut(usize) -> bool,
) -> Result<Bytes, DecodeError> {
    let mut out = Vec::new();
    loop {
        let before = out.len();
        if !grant(before + STEP) {
            return Err(DecodeError::NoMemory);
        }
        reader
            .by_ref()
            .take(STEP as u64)
            .read_to_end(&mut out)
            .map_err(|_| DecodeError::Malformed)?;
        if out.len() > limit {
            return Err(DecodeError::TooLarge);
        }
        if out.len() == before {
            return Ok(out.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn known_codings_are_undone() {
        let zlib = {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(b"hello").unwrap();
            encoder.finish().unwrap()
        };
        // "hello" in brotli's uncompressed form.
        let brotli = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
        for (coding, body) in [
            ("gzip", gzip(b"hello")),
            ("X-GZIP", gzip(b"hello")),
            ("gzip, gzip", gzip(&gzip(b"hello"))),
            ("deflate", zlib),
            ("br", brotli.to_vec()),
        ] {
            assert_eq!(
                decode(coding.as_bytes(), &body, 100, &mut |_| true).as_deref(),
                Ok(&b"hello"[..]),
                "{coding}"
            );
        }
    }

    #[test]
    fn bombs_and_nonsense_are_refused() {
        assert_eq!(
            decode(b"gzip", &gzip(&[0; 1 << 20]), 1000, &mut |_| true),
            Err(DecodeError::TooLarge)
        );
        assert_eq!(
            decode(b"gzip", b"not gzip", 1000, &mut |_| true),
            Err(DecodeError::Malformed)
        );
        assert_eq!(
            decode(b"gzip", &gzip(b"x"), 1000, &mut |_| false),
            Err(DecodeError::NoMemory)
        );
        assert_eq!(
            decode(b"gzip,gzip,gzip", b"", 1000, &mut |_| true),
            Err(DecodeError::Unsupported)
        );
        assert_eq!(
            decode(b"zstd", b"", 1000, &mut |_| true),
            Err(DecodeError::Unsupported)
        );
    }
}
