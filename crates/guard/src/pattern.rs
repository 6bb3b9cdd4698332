//! A user's regular expression, compiled.

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::hit::{Hit, Spans};

/// Compiled size that one pattern may have, in bytes.
pub const PATTERN_SIZE_LIMIT: usize = 1 << 20;
/// How deep groups and repetitions may nest.
const NEST_LIMIT: u32 = 64;

/// A pattern. Searching takes time linear in the text, whatever the pattern is (RE2's syntax, without look-around and
/// back-references).
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    hir: Hir,
    groups: usize,
}

/// Why a pattern is refused, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl Pattern {
    /// Compiles a pattern. One that matches the empty text is refused: it would match everywhere.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let hir = ParserBuilder::new()
            .nest_limit(NEST_LIMIT)
            .build()
            .parse(pattern)
            .map_err(|e| {
                PatternError(format!(
                    "the pattern is not valid: {}",
                    last_line(&e.to_string())
                ))
            })?;
        if hir.properties().minimum_len() == Some(0) {
            let text = "the pattern matches the empty text, so it would match everywhere; say what must be there";
            return Err(PatternError(text.to_owned()));
        }
        let groups = hir.properties().explicit_captures_len();
        let captures = if groups == 0 {
            WhichCaptures::Implicit
        } else {
            WhichCaptures::All
        };
        let config = Regex::config()
            .nfa_size_limit(Some(PATTERN_SIZE_LIMIT))
            .which_captures(captures);
        let regex = Regex::builder().configure(config).build_from_hir(&hir).map_err(|e| {
            PatternError(if e.size_limit().is_some() {
                "the pattern is larger than 1 MiB when compiled; repeat less, or use ASCII classes such as [0-9]"
                    .to_owned()
            } else {
                format!("the pattern is not valid: {}", last_line(&e.to_string()))
            })
        })?;
        Ok(Self { regex, hir, groups })
    }

    /// The most bytes that a match can have; `None` when there is no limit.
    pub fn max_len(&self) -> Option<usize> {
        self.hir.properties().maximum_len()
    }

    pub(super) fn hir(&self) -> &Hir {
        &self.hir
    }

    /// The next match from `at` on. Where the pattern has groups, only what they took is masked, and the search goes on behind it,
    /// since the rest of a match is but its surroundings, and may be the next one's too.
    pub(super) fn next(&self, text: &str, at: usize, spans: &mut Spans) -> Option<Hit> {
        let input = Input::new(text).range(at..);
        if self.groups == 0 {
            let found = self.regex.search(&input)?;
            spans.push((found.start(), found.end()));
            return Some(Hit {
                start: found.start(),
                next: found.end(),
            });
        }
        // Without a match, groups need not be looked for, which takes longer.
        self.regex.search_half(&input)?;
        let mut captures = self.regex.create_captures();
        self.regex.search_captures(&input, &mut captures);
        let found = captures.get_match()?;
        let taken = captures
            .iter()
            .skip(1)
            .flatten()
            .filter(|group| !group.is_empty());
        spans.extend(taken.map(|group| (group.start, group.end)));
        if spans.is_empty() {
            // None of the groups took part: better too much than too little.
            spans.push((found.start(), found.end()));
        }
        let next = spans
            .iter()
            .map(|(_, end)| *end)
            .max()
            .unwrap_or(found.end());
        Some(Hit {
            start: found.start(),
            next,
        })
    }
}

fn last_line(text: &str) -> String {
    text.lines()
        .last()
        .unwrap_or("invalid")
        .trim_start_matches("error: ")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_cannot_serve_are_refused_with_a_remedy() {
        for (pattern, why) in [
            ("(", "unclosed group"),
            ("a*", "matches the empty text"),
            (r"\b", "matches the empty text"),
            (r"(\w{100}){100}", "larger than 1 MiB"),
            (r"(a)\1", "backreferences are not supported"),
            ("(?=a)b", "look-around"),
        ] {
            let error = Pattern::new(pattern).unwrap_err().to_string();
            assert!(error.contains(why), "{pattern}: {error}");
        }
        assert!(Pattern::new(&"(".repeat(1000)).is_err());
    }

    #[test]
    fn the_longest_match_is_known() {
        assert_eq!(
            Pattern::new(r"[0-9]{4}(?: [0-9]{4}){3}").unwrap().max_len(),
            Some(19)
        );
        assert_eq!(Pattern::new("a+").unwrap().max_len(), None);
    }
}
