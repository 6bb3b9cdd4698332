//! Payment cards (ISO/IEC 7812-1: issuer's prefix, and Luhn's check digit in annex B).

use super::digits::{count, ends, group_ends, only, three};
use super::{Begins, Candidate, Recogniser};

pub(super) fn recognisers() -> Vec<Recogniser> {
    vec![
        Recogniser::new(
            r"[0-9]{3,19}(?:(?:[ \t-\r]{1,2}|[.-])[0-9]{3,6}){0,5}",
            Begins::Digits(13),
            judge,
        )
        .only(three),
    ]
}

/// The longest run of whole groups that is a card's number: what follows may be the date or the code of the same card.
fn judge(candidate: &Candidate<'_>) -> Option<usize> {
    // The fraction of a number with a point.
    let before = candidate.before.as_bytes();
    if let [.., digit, b'.'] = before
        && digit.is_ascii_digit()
    {
        return None;
    }
    // Groups of an account number, and identity numbers of which one in ten passes Luhn's check too.
    let group = candidate
        .before
        .strip_suffix(' ')
        .map(|rest| rest.rsplit(' ').next().unwrap_or(rest));
    let in_account = group.is_some_and(|group| {
        let has = |is: fn(&u8) -> bool| group.as_bytes().iter().any(is);
        group.len() == 4 && has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase)
    });
    if in_account || super::china::is_id(candidate.text) {
        return None;
    }
    group_ends(candidate.text, ends(candidate.after)).find(|&end| {
        let number = &candidate.text[..end];
        is_issued(number) && luhn(number)
    })
}

/// Whether an issuer has the prefix, at this length.
fn is_issued(number: &str) -> bool {
    let first = |n: usize| only(number).take(n).fold(0, |all, digit| all * 10 + digit);
    let (two, three, four) = (first(2), first(3), first(4));
    match count(number) {
        13 => two / 10 == 4 || matches!(two, 50 | 56..=58 | 63 | 67),
        14 => matches!(three, 300..=305) || matches!(two, 36 | 38 | 39 | 50 | 56..=58 | 63 | 67),
        15 => matches!(two, 34 | 37 | 50 | 56..=58 | 63 | 67) || matches!(four, 1800 | 2131),
        16 => {
            two / 10 == 4
                || matches!(two, 36 | 38 | 39 | 50..=58 | 62 | 63 | 65 | 67)
                || matches!(three, 300..=305 | 644..=649)
                || matches!(four, 2221..=2720 | 6011 | 3528..=3589 | 2200..=2204)
        }
        17..=19 => {
            matches!(two, 50 | 56..=58 | 62 | 63 | 65 | 67)
                || matches!(three, 644..=649)
                || matches!(four, 6011 | 3528..=3589)
                || (two / 10 == 4 && count(number) == 19)
        }
        _ => false,
    }
}

/// Luhn's check digit.
fn luhn(number: &str) -> bool {
    let sum: u32 = only(number)
        .rev()
        .enumerate()
        .map(|(i, digit)| match (i % 2, digit * 2) {
            (0, _) => digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}
