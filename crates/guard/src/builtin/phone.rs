//! Phone numbers (ITU-T E.164: at most 15 digits; North American Numbering Plan; national numbers with the trunk prefix 0).

use super::digits::{count, ends, follows, group_ends, three};
use super::{Begins, Candidate, Recogniser};

pub(super) fn recognisers() -> Vec<Recogniser> {
    let international = r"\(?(?:\+|00)[1-9][0-9]{0,2}\)?(?:[ \t.-]?\([0-9]{1,4}\))?(?:[ \t./-]{0,2}[0-9]{1,12}){1,8}";
    let american = r"(?:1[ \t-\r.-]{0,2})?(?:\([2-9][0-9]{2}\)[ \t-\r.-]{0,2}|[2-9][0-9]{2}[ \t-\r./-]{0,2})[2-9][0-9]{2}[ \t-\r.-]{0,2}[0-9]{4}(?:[.-][0-9])?";
    let national = r"\(?0[1-9][0-9]{0,4}\)?(?:[ \t./-]{0,2}[0-9]{2,9}){1,8}";
    vec![
        Recogniser::new(international, Begins::Sign(8), judge_international)
            .only(|bytes| matches!(bytes, [b'+' | b'(', ..] | [b'0', b'0', ..])),
        Recogniser::new(american, Begins::Sign(10), judge_american)
            .only(|bytes| matches!(bytes, [b'1' | b'(', ..]) || three(bytes)),
        Recogniser::new(national, Begins::Sign(9), judge_national)
            .only(|bytes| matches!(bytes, [b'0' | b'(', ..])),
    ]
}

fn judge_international(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text;
    if text.starts_with('(') && !text.contains(')') {
        return None;
    }
    let is_plus = text.contains('+');
    if !is_plus && is_inside(candidate.before) {
        return None;
    }
    let longest = match text.trim_start_matches(['(', '+', '0']).as_bytes() {
        // North America's are all as long.
        [b'1', ..] => 11,
        _ => 15,
    };
    let number = |&end: &usize| {
        let digits = count(&text[..end]) - if is_plus { 0 } else { 2 };
        (8..=longest).contains(&digits) && (longest != 11 || digits == 11) && !goes_on(&text[end..])
    };
    // With a plus, what follows may be something else; without, the whole row has to be one number.
    let mut ends = group_ends(text, ends(candidate.after));
    if is_plus {
        ends.find(number)
    } else {
        ends.next().filter(number)
    }
}

fn judge_american(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text;
    let groups = groups(text);
    let is_bare = groups[..] == [10];
    let is_spaced = !text.contains(['-', '.', '(', '/']);
    let shaped = is_bare || matches!(groups[..], [3, 3, 4] | [1, 3, 3, 4]);
    // Ten digits in one are a number of another kind behind such words.
    let others = [
        "order",
        "invoice",
        "id",
        "ref",
        "reference",
        "sku",
        "ticket",
        "case",
        "account",
        "acct",
        "tracking",
        "part",
        "serial",
        "item",
        "isbn",
        "build",
        "row",
        "record",
        "routing",
    ];
    let is_other = candidate.before.ends_with('#') || follows(candidate.before, &others);
    let joined = if is_spaced {
        is_inside(candidate.before)
    } else {
        is_joined(candidate.before)
    };
    (shaped && !joined && ends(candidate.after) && !(is_bare && is_other)).then_some(text.len())
}

fn judge_national(candidate: &Candidate<'_>) -> Option<usize> {
    let text = candidate.text;
    if is_inside(candidate.before) {
        return None;
    }
    let end = group_ends(text, ends(candidate.after)).next()?;
    let lengths = groups(&text[..end]);
    // A date, a social security number.
    let is_other = matches!(lengths[..], [2, 2, 4, ..] | [2, 2, 2] | [3, 2, 4]);
    let enough = if lengths.len() == 1 { 10..=11 } else { 9..=12 };
    (enough.contains(&count(&text[..end])) && !is_other && !goes_on(&text[end..])).then_some(end)
}

/// How many digits each group has.
fn groups(text: &str) -> Vec<usize> {
    text.split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .filter(|n| *n > 0)
        .collect()
}

/// Whether more digits follow, joined by a mark.
fn goes_on(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b'-' | b'.' | b'/', digit, ..] if digit.is_ascii_digit())
}

/// Whether the digits go on from others before, by a mark.
fn is_joined(before: &str) -> bool {
    matches!(before.as_bytes(), [.., digit, b'-' | b'.' | b'/' | b':' | b','] if digit.is_ascii_digit())
}

/// Whether they go on from others before, by a mark, or by a space from a group of the same row of groups.
fn is_inside(before: &str) -> bool {
    let last = before
        .strip_suffix(' ')
        .map(|rest| rest.rsplit(' ').next().unwrap_or(rest));
    is_joined(before)
        || last.is_some_and(|last| {
            let alone = last.len() >= 3 && last.bytes().all(|b| b.is_ascii_alphanumeric());
            alone && last.ends_with(|c: char| c.is_ascii_digit())
        })
}
