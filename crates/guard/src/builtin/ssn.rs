//! Social security numbers of the United States (Social Security Administration, "Social Security Number Randomization": no area
//! 000, 666 or 900–999, no group 00, no serial 0000).

use super::digits::{count, ends, follows, only, three};
use super::{Begins, Candidate, Recogniser};

pub(super) fn recognisers() -> Vec<Recogniser> {
    vec![
        // One more group would make it something longer.
        Recogniser::new(
            "[0-9]{3}-[0-9]{2}-[0-9]{4}(?:-[0-9])?",
            Begins::Digits(9),
            judge,
        )
        .only(three),
        Recogniser::new(
            r"[0-9]{3}[ \t-\r]{1,2}[0-9]{2}[ \t-\r]{1,2}[0-9]{4}(?: [0-9])?",
            Begins::Digits(9),
            judge,
        )
        .only(three),
        Recogniser::new(
            r"[0-9]{3}\.[0-9]{2}\.[0-9]{4}(?:\.[0-9])?",
            Begins::Digits(9),
            judge,
        )
        .only(three),
        Recogniser::new("[0-9]{9}", Begins::Digits(9), named).only(three),
    ]
}

fn judge(candidate: &Candidate<'_>) -> Option<usize> {
    let before = candidate.before.as_bytes();
    if let [.., digit, b'-' | b'.'] = before
        && digit.is_ascii_digit()
    {
        return None;
    }
    (count(candidate.text) == 9 && ends(candidate.after) && is_issued(candidate.text))
        .then_some(candidate.text.len())
}

/// Nine digits are too common to be taken for one, unless the text says so.
fn named(candidate: &Candidate<'_>) -> Option<usize> {
    let words = [
        "ssn",
        "social security",
        "social security number",
        "social security no",
        "ssn is",
        "number is",
    ];
    (follows(candidate.before, &words) && ends(candidate.after) && is_issued(candidate.text))
        .then_some(candidate.text.len())
}

fn is_issued(text: &str) -> bool {
    let number = only(text).fold(0, |all, digit| all * 10 + digit);
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0
}
