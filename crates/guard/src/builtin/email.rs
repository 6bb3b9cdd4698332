//! E-mail addresses (RFC 5321, sections 4.1.2 and 4.5.3.1: at most 64 bytes before the `@`; RFC 1035: labels of at most 63), with
//! quoted local parts and address literals (4.1.3) too.

use memchr::{memchr, memmem};

use super::{Begins, Candidate, Recogniser};

/// Letters of names that are no ASCII: Latin-1 and Latin Extended. Other scripts are written without spaces around addresses.
const LATIN: &str = r"\u{c0}-\u{24f}";
/// Characters before the `@`, at most.
const LOCAL: usize = 64;

pub(super) fn recognisers() -> Vec<Recogniser> {
    let domain = format!(
        "(?:(?:[0-9A-Za-z{LATIN}](?:[0-9A-Za-z{LATIN}-]{{0,61}}[0-9A-Za-z{LATIN}])?\\.){{1,8}}\
         (?:xn--[0-9A-Za-z-]{{1,59}}|[A-Za-z{LATIN}]{{2,24}})|\\[[0-9A-Za-z:.]{{2,64}}\\])"
    );
    let shape = format!("[0-9A-Za-z_{LATIN}][0-9A-Za-z_.%+&'{LATIN}-]{{0,63}}@{domain}");
    let quoted = format!(r#""(?:[^"\\\r\n]|\\[^\r\n]){{1,{LOCAL}}}"@{domain}"#);
    vec![
        Recogniser::new(&shape, Begins::At(begins), judge).skipping(skips),
        Recogniser::new(&quoted, Begins::At(begins_quoted), judge),
    ]
}

/// A quoted local part begins at a quotation mark with another before an `@` close behind it.
fn begins_quoted(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = at;
    loop {
        let start = from + memchr(b'"', &bytes[from..])?;
        // Four bytes a character, and a backslash before each.
        let window = &bytes[start + 1..bytes.len().min(start + 8 * LOCAL + 3)];
        if memmem::find(window, b"\"@").is_some() {
            return Some(start);
        }
        from = start + 1;
    }
}

fn is_latin(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{24f}')
}

fn is_first(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || is_latin(c)
}

fn is_local(c: char) -> bool {
    is_first(c) || matches!(c, '.' | '%' | '+' | '&' | '\'' | '-')
}

/// An address begins at the first character before an `@` that may be its first. There are no empty atoms.
fn begins(text: &str, at: usize) -> Option<usize> {
    let mut from = at;
    loop {
        let sign = from + memchr(b'@', &text.as_bytes()[from..])?;
        let mut first = None;
        let mut next = '.';
        for (i, c) in text[at..sign].char_indices().rev().take(LOCAL) {
            if !is_local(c) || (c == '.' && next == '.') {
                break;
            }
            next = c;
            if is_first(c) {
                first = Some(at + i);
            }
        }
        if first.is_some() {
            return first;
        }
        from = sign + 1;
    }
}

/// What follows the `@` is the same for all beginnings before it.
fn skips(text: &str, start: usize) -> usize {
    memchr(b'@', &text.as_bytes()[start..]).map_or(text.len(), |sign| start + sign + 1)
}

fn judge(candidate: &Candidate<'_>) -> Option<usize> {
    Some(candidate.text.len())
}
