//! IP addresses (RFC 791, and RFC 4291, section 2.2, in the spellings that the standard library reads).

use std::net::{Ipv4Addr, Ipv6Addr};

use memchr::memchr;

use super::digits::{ends, follows, is_word};
use super::{Begins, Candidate, Recogniser};

pub(super) fn recognisers() -> Vec<Recogniser> {
    vec![
        Recogniser::new(
            r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:\.[0-9])?",
            Begins::Digits(4),
            v4,
        )
        .only(|bytes| bytes.iter().take(4).any(|b| *b == b'.')),
        Recogniser::new(
            r"[0-9A-Fa-f:]{2,39}(?:\.[0-9]{1,3}){0,3}",
            Begins::At(begins),
            v6,
        ),
    ]
}

fn v4(candidate: &Candidate<'_>) -> Option<usize> {
    if let [.., before, b'.'] = candidate.before.as_bytes()
        && is_word(*before)
    {
        return None;
    }
    // Four numbers behind such a word are a version.
    let is_version = follows(
        candidate.before,
        &[
            "version", "ver", "release", "section", "chapter", "rev", "build", "firmware",
        ],
    );
    let is_address = candidate.text.parse::<Ipv4Addr>().is_ok();
    (is_address && !is_version && ends(candidate.after)).then_some(candidate.text.len())
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b':'
}

/// A whole run of hexadecimal digits and colons that has a colon.
fn begins(text: &str, at: usize) -> Option<usize> {
    /// Longest address in text.
    const LONGEST: usize = 39;
    let bytes = text.as_bytes();
    let mut from = at;
    loop {
        let colon = from + memchr(b':', &bytes[from..])?;
        let before = bytes[..colon]
            .iter()
            .rev()
            .take(LONGEST)
            .take_while(|b| is_part(**b))
            .count();
        let start = colon - before;
        let alone = start == 0 || !(is_word(bytes[start - 1]) || is_part(bytes[start - 1]));
        if alone && start >= at {
            return Some(start);
        }
        from = colon + bytes[colon..].iter().take_while(|b| is_part(**b)).count();
    }
}

fn v6(candidate: &Candidate<'_>) -> Option<usize> {
    let whole = candidate.text;
    // A colon or a full stop of the sentence.
    let colon = whole.strip_suffix(':').filter(|rest| !rest.ends_with(':'));
    let text = if whole.parse::<Ipv6Addr>().is_ok() {
        whole
    } else {
        colon?
    };
    let address = text.parse::<Ipv6Addr>().ok()?;
    // `a::b` is code more often than an address.
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    let known = address.is_loopback()
        || address.is_unicast_link_local()
        || groups > 2
        || text.contains('.');
    (known && ends(candidate.after)).then_some(text.len())
}
