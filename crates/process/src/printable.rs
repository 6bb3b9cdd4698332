//! Text of others, as it may stand in a log or on a terminal.
//!
//! Names, paths, headers and providers' errors are chosen by whoever sends them. On a terminal, control characters would move the cursor,
//! recolour or rename the window; line breaks would forge a line; marks of direction would show a text backwards (CVE-2021-42574).

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character shows as itself, or does something else.
fn is_printable(c: char) -> bool {
    let is_break = matches!(c, '\u{2028}' | '\u{2029}');
    let is_direction = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !(c.is_control() || is_break || is_direction || c == '\u{feff}')
}

/// A line of text in which everything else is written out, as `\n` or `\u{1b}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if is_printable(c) => out.push(c),
            c => out.extend(c.escape_default()),
        }
    }
    Cow::Owned(out)
}

/// JSON that prints: what its encoder leaves as it is beside the control characters that it has to escape (RFC 8259, section 7).
pub fn printable_json(json: &str) -> Cow<'_, str> {
    if json.chars().all(is_printable) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_printable(c) {
            out.push(c);
        } else {
            // All of them are within the basic plane. Writing to a String can't fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a\u{1b}[31m\u{7f}\u{9b}2J\n\r\u{2028}\u{202e}é漢🙂\"\\";

    #[test]
    fn what_stands_on_a_terminal_is_one_line_that_does_nothing() {
        assert_eq!(
            printable(NASTY),
            "a\\u{1b}[31m\\u{7f}\\u{9b}2J\\n\\r\\u{2028}\\u{202e}é漢🙂\"\\"
        );
        assert!(matches!(printable("é漢🙂"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_that_prints_says_the_same() {
        let json = serde_json::Value::from(NASTY).to_string();
        let printed = printable_json(&json);
        assert!(printed.chars().all(is_printable), "{printed}");
        let again: String = serde_json::from_str(&printed).unwrap();
        assert_eq!(again, NASTY);
    }

    #[test]
    fn no_control_character_is_forgotten() {
        for c in ('\0'..=char::MAX).filter(|c| c.is_control()) {
            assert!(!is_printable(c), "{c:?}");
        }
    }
}
