//! Every beginning of what a pattern matches.
//!
//! A stream may pass on what can't become part of a match any more. Text from a position to the end of what is there may still
//! become one when it is a *prefix* of something that the pattern matches. The language of all prefixes is regular too; here it
//! is made from the pattern's own syntax tree:
//!
//! ```text
//! P(ε) = ε           P(c) = ε | c             P(uv) = P(u) | u P(v)
//! P(u|v) = P(u)|P(v) P(u{m,n}) = u{0,n-1} P(u)
//! ```
//!
//! Assertions (`^`, `$`, `\b`) are taken to hold, and long counted repetitions to have no end, since counting takes an automaton of
//! that many states (whoever uses the result knows the longest match anyway). So it is a superset: too much may be held back,
//! never too little.

use regex_syntax::hir::{Hir, HirKind, Repetition};

/// Repetitions of up to so many characters are counted.
const COUNTED: usize = 64;

/// All prefixes of what the tree matches, the empty one included.
pub(super) fn prefixes(hir: &Hir) -> Hir {
    of(&bare(hir))
}

/// Without assertions, groups and long counts.
fn bare(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(r) => {
            let characters = r
                .sub
                .properties()
                .maximum_len()
                .unwrap_or(COUNTED + 1)
                .div_ceil(4)
                .max(1);
            let is_short = r
                .max
                .is_some_and(|max| (max as usize).saturating_mul(characters) <= COUNTED);
            let (min, max) = if is_short { (r.min, r.max) } else { (0, None) };
            Hir::repetition(Repetition {
                min,
                max,
                greedy: r.greedy,
                sub: Box::new(bare(&r.sub)),
            })
        }
        HirKind::Capture(c) => bare(&c.sub),
        HirKind::Concat(subs) => Hir::concat(subs.iter().map(bare).collect()),
        HirKind::Alternation(subs) => Hir::alternation(subs.iter().map(bare).collect()),
    }
}

fn of(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(literal) => of_sequence(&chars(&literal.0)),
        HirKind::Class(_) => Hir::alternation(vec![hir.clone(), Hir::empty()]),
        HirKind::Repetition(r) if r.max == Some(0) => Hir::empty(),
        HirKind::Repetition(r) => {
            let before = Repetition {
                min: 0,
                max: r.max.map(|max| max - 1),
                ..r.clone()
            };
            Hir::concat(vec![Hir::repetition(before), of(&r.sub)])
        }
        HirKind::Capture(c) => of(&c.sub),
        HirKind::Concat(subs) => of_sequence(subs),
        HirKind::Alternation(subs) => Hir::alternation(subs.iter().map(of).collect()),
    }
}

/// Split in the middle, so that the tree stays as deep as the logarithm of a literal's length.
fn of_sequence(subs: &[Hir]) -> Hir {
    match subs {
        [] => Hir::empty(),
        [one] => match one.kind() {
            // A literal of one character, which must not be split further.
            HirKind::Literal(l) if chars(&l.0).len() == 1 => {
                Hir::alternation(vec![one.clone(), Hir::empty()])
            }
            _ => of(one),
        },
        _ => {
            let (front, back) = subs.split_at(subs.len() / 2);
            let mut whole = front.to_vec();
            whole.push(of_sequence(back));
            Hir::alternation(vec![Hir::concat(whole), of_sequence(front)])
        }
    }
}

/// Text comes in whole characters, so literals are cut between them only.
fn chars(literal: &[u8]) -> Vec<Hir> {
    match std::str::from_utf8(literal) {
        Ok(text) => text
            .chars()
            .map(|c| Hir::literal(c.to_string().into_bytes()))
            .collect(),
        Err(_) => literal.iter().map(|b| Hir::literal([*b])).collect(),
    }
}

#[cfg(test)]
mod tests {
    use regex_automata::meta::Regex;

    use super::*;

    fn takes(pattern: &str, text: &str) -> bool {
        let hir = regex_syntax::parse(pattern).unwrap();
        let whole = Hir::concat(vec![
            Hir::look(regex_syntax::hir::Look::Start),
            prefixes(&hir),
            Hir::look(regex_syntax::hir::Look::End),
        ]);
        Regex::builder()
            .build_from_hir(&whole)
            .unwrap()
            .is_match(text)
    }

    #[test]
    fn every_beginning_of_a_match_is_a_prefix_and_nothing_else() {
        for (pattern, whole, not) in [
            ("credit card", "credit card", "credt"),
            ("a(?:b|cd){2,3}e$", "acdbcde", "ae"),
            (r"\bé{2}x+", "ééxxxx", "éx"),
            ("(?:^|\\D)(5[1-5][0-9]{2})", " 5123", "16"),
            ("(?i)Straße", "STRASSE", "strx"),
        ] {
            let mut text = whole.to_owned();
            if pattern.contains("Straße") {
                text = "sTRAßE".to_owned();
            }
            for (end, _) in text.char_indices().chain([(text.len(), ' ')]) {
                assert!(takes(pattern, &text[..end]), "{pattern} {}", &text[..end]);
            }
            assert!(!takes(pattern, not), "{pattern} {not}");
        }
    }
}
