//! International bank account numbers (ISO 13616-1: country, two check digits by ISO 7064 MOD 97-10, and as many characters as the
//! country's entry in SWIFT's registry says).

use super::digits::{find, is_word};
use super::{Begins, Candidate, Recogniser};

pub(super) fn recognisers() -> Vec<Recogniser> {
    vec![Recogniser::new(
        r"[A-Za-z]{2}[0-9]{2}(?:(?:[ \t-\r]{1,2}|-)?[0-9A-Za-z]){11,30}",
        Begins::At(begins),
        judge,
    )]
}

/// Two letters that stand for themselves, and two digits.
fn begins(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = at;
    loop {
        let digit = find(bytes, from)?;
        let start = digit.checked_sub(2).filter(|start| *start >= at);
        if let Some(start) = start
            && bytes[start..digit].iter().all(u8::is_ascii_alphabetic)
            && bytes.get(digit + 1).is_some_and(u8::is_ascii_digit)
            && (start == 0 || !is_word(bytes[start - 1]))
        {
            return Some(start);
        }
        from = digit + 1;
    }
}

fn judge(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text;
    let want = length(&text[..2].to_ascii_uppercase())?;
    let mut characters = text
        .char_indices()
        .filter(|(_, c)| c.is_ascii_alphanumeric());
    let (last, _) = characters.nth(want - 1)?;
    let end = last + 1;
    let next = text[end..].chars().next().or(candidate.after);
    let alone = next.is_none_or(|c| !c.is_ascii_alphanumeric());
    (alone && mod_97(&text[..end])).then_some(end)
}

/// The remainder is 1 when the first four characters are moved to the end, and letters count from A = 10.
fn mod_97(text: &str) -> bool {
    let characters = || {
        text.bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|b| b.to_ascii_uppercase())
    };
    let moved = characters().skip(4).chain(characters().take(4));
    let rest = moved.fold(0u32, |rest, b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    rest == 1
}

/// Characters of a country's numbers (SWIFT, IBAN Registry).
fn length(country: &str) -> Option<usize> {
    Some(match country {
        "NO" => 15,
        "BE" => 16,
        "DK" | "FI" | "FO" | "FK" | "GL" | "NL" | "SD" => 18,
        "MK" | "SI" => 19,
        "AT" | "BA" | "EE" | "KZ" | "LT" | "LU" | "MN" | "XK" => 20,
        "CH" | "HR" | "LI" | "LV" => 21,
        "BG" | "BH" | "CR" | "DE" | "GB" | "GE" | "IE" | "ME" | "RS" | "VA" => 22,
        "AE" | "GI" | "IL" | "IQ" | "OM" | "SO" | "TL" => 23,
        "AD" | "CZ" | "ES" | "MD" | "PK" | "RO" | "SA" | "SE" | "SK" | "TN" | "VG" => 24,
        "LY" | "PT" | "ST" => 25,
        "IS" | "TR" => 26,
        "BI" | "DJ" | "FR" | "GR" | "IT" | "MC" | "MR" | "SM" => 27,
        "AL" | "AZ" | "BY" | "CY" | "DO" | "GT" | "HN" | "HU" | "LB" | "NI" | "PL" | "SV" => 28,
        "BR" | "EG" | "PS" | "QA" | "UA" => 29,
        "JO" | "KW" | "MU" | "YE" => 30,
        "MT" | "SC" => 31,
        "LC" => 32,
        "RU" => 33,
        _ => return None,
    })
}
