//! Digits in texts.

/// The next ASCII digit. Looks at many bytes at once, since most text has few digits.
pub(super) fn find(bytes: &[u8], at: usize) -> Option<usize> {
    const WIDE: usize = 64;
    let is_digit = |byte: &u8| byte.wrapping_sub(b'0') < 10;
    let mut from = at;
    for block in bytes.get(at..)?.chunks_exact(WIDE) {
        // Without an early end, so that it is compiled to vector instructions.
        if block.iter().fold(false, |any, byte| any | is_digit(byte)) {
            break;
        }
        from += WIDE;
    }
    bytes[from..].iter().position(is_digit).map(|i| from + i)
}

/// Letters, digits and `_`: what a number that stands for itself is not joined to.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The groups of digits of a text that stand for themselves, found once for all recognisers of numbers.
#[derive(Debug, Default)]
pub(in super::super) struct Groups {
    /// Where each begins, and how many digits there are from there on in the same row. A row is what numbers are written in: digits,
    /// blanks and the marks between them.
    found: Vec<(usize, usize)>,
}

impl Groups {
    /// Those from `from` on whose rows have at least four digits: no number that is recognised has fewer.
    pub(in super::super) fn of(text: &str, from: usize) -> Self {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        let mut at = from;
        while let Some(first) = find(bytes, at) {
            let row = bytes[first..].iter().take_while(|b| is_in_row(**b)).count();
            let end = first + row;
            let mut left = bytes[first..end]
                .iter()
                .filter(|b| b.is_ascii_digit())
                .count();
            let mut i = first;
            while i < end && left >= 4 {
                let is_digit = bytes[i].is_ascii_digit();
                if is_digit && (i == 0 || !is_word(bytes[i - 1])) {
                    found.push((i, left));
                }
                left -= usize::from(is_digit);
                i += 1;
            }
            at = end;
        }
        Self { found }
    }

    /// The first group from `at` on whose row has so many digits left.
    pub(super) fn next(&self, at: usize, least: usize) -> Option<usize> {
        let from = self.found.partition_point(|(start, _)| *start < at);
        self.found[from..]
            .iter()
            .find(|(_, left)| *left >= least)
            .map(|(start, _)| *start)
    }

    /// The same, or the `+` and `(` before it.
    pub(super) fn next_with_sign(&self, text: &str, at: usize, least: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut start = self.next(at, least)?;
        for _ in 0..2 {
            if start > at && matches!(bytes[start - 1], b'+' | b'(') {
                start -= 1;
            }
        }
        Some(start)
    }
}

fn is_in_row(byte: u8) -> bool {
    byte.is_ascii_digit()
        || matches!(
            byte,
            b' ' | b'\t'..=b'\r' | b'.' | b'-' | b'/' | b'(' | b')' | b'+'
        )
}

/// How many digits there are.
pub(super) fn count(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// The digits alone.
pub(super) fn only(text: &str) -> impl DoubleEndedIterator<Item = u32> + Clone {
    text.bytes()
        .filter(u8::is_ascii_digit)
        .map(|b| u32::from(b - b'0'))
}

/// Lengths of the text up to the end of each group of digits, the longest first. The last group only counts when `closed`, that
/// is, when nothing follows that it could be joined to.
pub(super) fn group_ends(text: &str, closed: bool) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (1..=bytes.len()).rev().filter(move |&end| {
        bytes[end - 1].is_ascii_digit()
            && bytes.get(end).map_or(closed, |next| !next.is_ascii_digit())
    })
}

/// Whether what follows lets a number end.
pub(super) fn ends(after: Option<char>) -> bool {
    after.is_none_or(|c| !c.is_ascii() || !is_word(c as u8))
}

/// Whether the text before ends with one of some words, and at most a few marks behind it.
pub(super) fn follows(before: &str, words: &[&str]) -> bool {
    let trimmed = before.trim_end_matches([' ', ':', '#', '=', '.', '-', '"', '\'', '(']);
    words.iter().any(|word| {
        trimmed
            .len()
            .checked_sub(word.len())
            .and_then(|at| trimmed.get(at..))
            .is_some_and(|end| {
                let at = trimmed.len() - word.len();
                let alone = at == 0 || !is_word(trimmed.as_bytes()[at - 1]);
                alone && end.eq_ignore_ascii_case(word)
            })
    })
}

/// Whether a group has at least three digits.
pub(super) fn three(bytes: &[u8]) -> bool {
    bytes
        .get(..3)
        .is_some_and(|three| three.iter().all(u8::is_ascii_digit))
}
