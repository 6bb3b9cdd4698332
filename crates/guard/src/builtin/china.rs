//! Mainland China: mobile numbers (YD/T numbering plan: eleven digits from 13 to 19), and resident identity numbers (GB 11643-1999:
//! region by GB/T 2260, date of birth, serial, check digit by ISO 7064 MOD 11-2).

use super::digits::{count, ends, three};
use super::{Begins, Candidate, Recogniser};

pub(super) fn mobile() -> Vec<Recogniser> {
    let shape =
        r"(?:\(?(?:\+|00)?86\)?[ \t-]?)?1[3-9][0-9](?:(?:[ \t-\r]{1,2}|-)?[0-9]{4}){2}(?:-[0-9])?";
    vec![
        Recogniser::new(shape, Begins::Sign(11), judge_mobile)
            .only(|bytes| matches!(bytes, [b'1' | b'8' | b'0' | b'+' | b'(', ..])),
    ]
}

pub(super) fn id_card() -> Vec<Recogniser> {
    vec![
        Recogniser::new(
            "[1-9][0-9]{5} ?[0-9]{8} ?[0-9]{3}[0-9Xx]",
            Begins::Digits(17),
            judge_id,
        )
        .only(three),
    ]
}

fn judge_mobile(candidate: &Candidate<'_>) -> Option<usize> {
    if let [.., digit, b'-' | b'.'] = candidate.before.as_bytes()
        && digit.is_ascii_digit()
    {
        return None;
    }
    // A further group makes it something longer.
    let digits = candidate.text.trim_start_matches(['(', '+', '0']);
    let want = if digits.starts_with("86") { 13 } else { 11 };
    (count(digits) == want && ends(candidate.after)).then_some(candidate.text.len())
}

fn judge_id(candidate: &Candidate<'_>) -> Option<usize> {
    (is_id(candidate.text) && ends(candidate.after)).then_some(candidate.text.len())
}

/// Whether eighteen characters are a valid identity number.
pub(super) fn is_id(text: &str) -> bool {
    let characters: Vec<u32> = text
        .bytes()
        .filter(|b| *b != b' ')
        .map(|b| {
            if b.is_ascii_digit() {
                u32::from(b - b'0')
            } else {
                10
            }
        })
        .collect();
    if characters.len() != 18 {
        return false;
    }
    let number =
        |from: usize, to: usize| characters[from..to].iter().fold(0, |all, d| all * 10 + d);
    let is_region = matches!(number(0, 2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
    let is_date = matches!(number(6, 10), 1900..=2099)
        && (1..=12).contains(&number(10, 12))
        && (1..=31).contains(&number(12, 14));
    // The weights are powers of two modulo 11, from the right.
    let sum = characters
        .iter()
        .rev()
        .fold((0, 1), |(sum, weight), d| {
            (sum + d * weight, weight * 2 % 11)
        })
        .0;
    is_region && is_date && sum % 11 == 1
}
