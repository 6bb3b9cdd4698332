//! Request ids: taken from the caller when harmless, made otherwise.

/// Longest id that is taken from a caller, in bytes.
pub const MAX_LEN: usize = 128;

/// Whether a caller's id may go into logs and headers as it is: 1 to 128 visible ASCII characters.
pub fn is_acceptable(id: &[u8]) -> bool {
    !id.is_empty() && id.len() <= MAX_LEN && id.iter().all(|b| b.is_ascii_graphic())
}

/// Makes `req-<unix seconds>-<6 hex>` from a time and a random number, of which the low 24 bits are used.
pub fn make(unix_seconds: u64, random: u64) -> String {
    format!("req-{unix_seconds}-{:06x}", random & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ids_have_the_documented_shape() {
        assert_eq!(make(1_732_704_645, 0xa3f2e1), "req-1732704645-a3f2e1");
        assert!(is_acceptable(make(1, 2).as_bytes()));
    }

    #[test]
    fn hostile_ids_are_not_taken() {
        for id in [&b""[..], b"a b", b"a\r\nb", "ä".as_bytes(), &[b'a'; 129]] {
            assert!(!is_acceptable(id));
        }
    }
}
