//! Headers that nobody but the gateway may decide on, and those that carry credentials.

/// Headers that say where a message ends and whom it is for: who could set them could put a second message behind the first (RFC 9112,
/// section 11.2). In lower case.
pub const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers in which clients and providers look for a credential. In lower case.
const CREDENTIAL: [&str; 6] = [
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
    "x-goog-api-key",
];

/// Why a header can't be set, added or removed, and what to do instead; nothing for one that can.
pub fn refusal(name: &str) -> Option<String> {
    let name = FRAMING.iter().find(|own| own.eq_ignore_ascii_case(name))?;
    Some(match *name {
        "host" => "the header host can't be set or removed: a URLRewrite filter's hostname does it"
            .to_owned(),
        name => format!(
            "the header {name} is the gateway's own, and can't be set or removed: leave it out"
        ),
    })
}

/// Whether a header is one that carries a credential.
pub fn carries_credential(name: &str) -> bool {
    CREDENTIAL.iter().any(|own| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sets_what_frames_a_message() {
        for name in FRAMING {
            for name in [name.to_owned(), name.to_ascii_uppercase()] {
                let said = refusal(&name).unwrap();
                assert!(said.contains(&name.to_ascii_lowercase()), "{said}");
            }
        }
        assert!(refusal("host").unwrap().contains("URLRewrite"));
        for name in ["x-own", "te2", "content-type", ""] {
            assert_eq!(refusal(name), None, "{name}");
        }
    }

    #[test]
    fn a_credential_is_known_by_its_header() {
        assert!(carries_credential("Authorization") && carries_credential("x-api-key"));
        assert!(!carries_credential("x-own"));
    }
}
