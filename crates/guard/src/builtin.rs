//! Recognisers of personal data and secrets that come with Sluice.
//!
//! Each is a shape (a regular expression over folded ASCII, see [`fold`](super::fold)), where it may begin, and a check of what the
//! shape took: check digits, ranges, surroundings. docs/guards.md says how well they do.

mod address;
mod card;
mod china;
mod digits;
mod email;
mod iban;
mod key;
mod phone;
mod ssn;

pub(super) use digits::Groups;

use std::sync::LazyLock;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hit::{Hit, Spans};

/// Personal data and secrets that are recognised.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Builtin {
    /// Phone numbers: international (`+…`, `00…`), North American, and national ones with a leading zero.
    PhoneNumber,
    /// E-mail addresses.
    Email,
    /// United States social security numbers.
    Ssn,
    /// Payment card numbers, by issuer's prefix and Luhn's check digit.
    CreditCard,
    /// International bank account numbers, by country's length and check digits.
    Iban,
    /// IPv4 and IPv6 addresses.
    IpAddress,
    /// API keys of known shapes: OpenAI, Anthropic, AWS, Google, GitHub, GitLab, Slack, Stripe and others.
    ApiKey,
    /// Mobile numbers of mainland China.
    CnMobile,
    /// Resident identity card numbers of mainland China, by region, date and check digit.
    CnIdCard,
}

impl Builtin {
    /// All of them.
    pub const ALL: [Builtin; 9] = [
        Builtin::PhoneNumber,
        Builtin::Email,
        Builtin::Ssn,
        Builtin::CreditCard,
        Builtin::Iban,
        Builtin::IpAddress,
        Builtin::ApiKey,
        Builtin::CnMobile,
        Builtin::CnIdCard,
    ];

    /// As users write it, and as what it found is replaced with, in brackets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Builtin::PhoneNumber => "PHONE_NUMBER",
            Builtin::Email => "EMAIL",
            Builtin::Ssn => "SSN",
            Builtin::CreditCard => "CREDIT_CARD",
            Builtin::Iban => "IBAN",
            Builtin::IpAddress => "IP_ADDRESS",
            Builtin::ApiKey => "API_KEY",
            Builtin::CnMobile => "CN_MOBILE",
            Builtin::CnIdCard => "CN_ID_CARD",
        }
    }

    pub(super) fn recognisers(self) -> &'static [Recogniser] {
        &TABLE[self as usize]
    }
}

/// So much of the text before a candidate is looked at, in bytes.
pub(super) const BEFORE: usize = 48;

/// A candidate: what the shape took, and what stands around it.
pub(super) struct Candidate<'t> {
    /// At most [`BEFORE`] bytes before; empty only at the beginning of the text.
    pub(super) before: &'t str,
    /// What the shape's group took.
    pub(super) text: &'t str,
    /// The character that follows.
    pub(super) after: Option<char>,
}

/// Where a shape may begin.
enum Begins {
    /// At a group of digits in a row that has so many.
    Digits(usize),
    /// At such a group, or the `+` and `(` before it.
    Sign(usize),
    /// At the next position from `at` on that this finds; in order, and none left out.
    At(fn(text: &str, at: usize) -> Option<usize>),
}

/// One shape.
pub(super) struct Recogniser {
    /// The shape.
    regex: Regex,
    /// The shape, and the one character behind it that decides with it.
    hir: Hir,
    begins: Begins,
    /// Whether the first bytes may be those of a match. It only saves the search.
    may_be: fn(&[u8]) -> bool,
    /// Where to go on after a candidate that was none.
    skips: fn(text: &str, start: usize) -> usize,
    /// How many bytes of the candidate are what was looked for; `None` when it is not.
    judge: fn(&Candidate<'_>) -> Option<usize>,
}

impl Recogniser {
    fn new(shape: &str, begins: Begins, judge: fn(&Candidate<'_>) -> Option<usize>) -> Self {
        // The shapes are constants, and a test compiles them all; one that could not be compiled would take nothing.
        let parse = |pattern: &str| regex_syntax::parse(pattern).unwrap_or_else(|_| Hir::fail());
        let build = |hir: &Hir| Regex::builder().build_from_hir(hir).ok();
        let regex = build(&parse(shape)).or_else(|| build(&Hir::fail()));
        #[expect(
            clippy::expect_used,
            reason = "the pattern that matches nothing always compiles"
        )]
        let regex = regex.expect("the pattern that matches nothing");
        let hir = parse(&format!("(?:{shape})(?s:.|$)"));
        Self {
            regex,
            hir,
            begins,
            may_be: |_| true,
            skips: |_, start| start + 1,
            judge,
        }
    }

    fn only(self, may_be: fn(&[u8]) -> bool) -> Self {
        Self { may_be, ..self }
    }

    fn skipping(self, skips: fn(&str, usize) -> usize) -> Self {
        Self { skips, ..self }
    }

    /// Whether it looks for groups of digits.
    pub(super) fn wants_groups(&self) -> bool {
        !matches!(self.begins, Begins::At(_))
    }

    pub(super) fn hir(&self) -> &Hir {
        &self.hir
    }

    /// The next find from `at` on. Candidates are tried one by one in the order in which they begin, so that one that is refused
    /// hides none that overlaps it.
    pub(super) fn next(
        &self,
        text: &str,
        groups: &Groups,
        at: usize,
        spans: &mut Spans,
    ) -> Option<Hit> {
        let mut from = at;
        loop {
            let start = match self.begins {
                Begins::Digits(least) => groups.next(from, least),
                Begins::Sign(least) => groups.next_with_sign(text, from, least),
                Begins::At(begins) => begins(text, from),
            }?;
            if let Some(len) = self.take(text, start) {
                spans.push((start, start + len));
                return Some(Hit {
                    start,
                    next: start + len,
                });
            }
            from = text.ceil_char_boundary((self.skips)(text, start));
        }
    }

    /// What follows the shape decides too, but nothing behind that: so a decision rests on what a match of shape and one more
    /// character spans.
    fn take(&self, text: &str, start: usize) -> Option<usize> {
        if !(self.may_be)(&text.as_bytes()[start..]) {
            return None;
        }
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        let end = self.regex.search_half(&input)?.offset();
        let candidate = Candidate {
            before: &text[text.ceil_char_boundary(start.saturating_sub(BEFORE))..start],
            text: &text[start..end],
            after: text[end..].chars().next(),
        };
        (self.judge)(&candidate).filter(|len| *len > 0)
    }
}

static TABLE: LazyLock<[Vec<Recogniser>; 9]> = LazyLock::new(|| {
    [
        phone::recognisers(),
        email::recognisers(),
        ssn::recognisers(),
        card::recognisers(),
        iban::recognisers(),
        address::recognisers(),
        key::recognisers(),
        china::mobile(),
        china::id_card(),
    ]
});
