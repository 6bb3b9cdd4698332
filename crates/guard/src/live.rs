//! Where in a stream a match may still begin.

use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;

use super::prefix::prefixes;

/// Compiled size of all prefixes of a guard's patterns, in bytes.
const SIZE_LIMIT: usize = 16 << 20;
/// Memory that the states found so far may take, per thread that searches at the same time.
const CACHE: usize = 512 << 10;

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// Finds the earliest position from which the text at hand may still become a match of one of some patterns.
///
/// It is a lazily built automaton for the reversed prefixes of the patterns, which runs backwards from the end of the text and
/// stops where no prefix is that long. Its time is linear in what is held back.
pub(super) struct Live {
    automaton: DFA,
    /// The longest match of any of the patterns, in bytes.
    longest: Option<usize>,
    caches: Pool<Cache, NewCache>,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live")
    }
}

impl Live {
    /// The longest match of any of the patterns, in bytes; `None` without a limit.
    pub(super) fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// For these patterns; an error says that they are too large together.
    pub(super) fn new<'h>(patterns: impl Iterator<Item = &'h Hir>) -> Result<Self, String> {
        let mut longest = Some(0);
        let mut all = Vec::new();
        for hir in patterns {
            longest = longest
                .zip(hir.properties().maximum_len())
                .map(|(a, b)| a.max(b));
            all.push(prefixes(hir));
        }
        let too_large =
            |_| "the patterns are too large together to be followed on streams".to_owned();
        let automaton = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .reverse(true)
                    .utf8(false)
                    .which_captures(thompson::WhichCaptures::None)
                    .nfa_size_limit(Some(SIZE_LIMIT)),
            )
            .build_from_hir(&Hir::alternation(all))
            .map_err(too_large)?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(CACHE)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(None);
        let automaton = DFA::builder()
            .configure(config)
            .build_from_nfa(automaton)
            .map_err(|_| {
                "the patterns are too large together to be followed on streams".to_owned()
            })?;
        let copy = automaton.clone();
        let caches = Pool::new(Box::new(move || copy.create_cache()) as NewCache);
        Ok(Self {
            automaton,
            longest,
            caches,
        })
    }

    /// The earliest position from `floor` on at which a match may begin that what follows the text decides on. The text's length
    /// when there is none.
    pub(super) fn start(&self, text: &str, floor: usize) -> usize {
        let longest = self
            .longest
            .map_or(0, |longest| text.len().saturating_sub(longest));
        let floor = floor.max(text.ceil_char_boundary(longest));
        let input = Input::new(text).range(floor..).anchored(Anchored::Yes);
        let mut cache = self.caches.get();
        match self.automaton.try_search_rev(&mut cache, &input) {
            Ok(Some(found)) => found.offset(),
            Ok(None) => text.len(),
            // Without quit bytes and limits on clearing, this doesn't happen. Holding everything back is always right.
            Err(_) => floor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held<'t>(patterns: &[&str], text: &'t str) -> &'t str {
        let hirs: Vec<Hir> = patterns
            .iter()
            .map(|p| regex_syntax::parse(p).unwrap())
            .collect();
        &text[Live::new(hirs.iter()).unwrap().start(text, 0)..]
    }

    #[test]
    fn no_more_is_held_than_what_may_become_a_match() {
        assert_eq!(held(&["credit card"], "my credit"), "credit");
        assert_eq!(held(&["credit card"], "my credit cards"), "");
        assert_eq!(held(&["abc", "bcd"], "xxab"), "ab");
        assert_eq!(held(&["a{2,4}"], "aaaaaaaaa"), "aaaa");
        assert_eq!(held(&[r"\d+x"], "abc 1234"), "1234");
        assert_eq!(held(&["a{90}"], &"a".repeat(100)).len(), 90);
        assert_eq!(held(&["né"], "Ann"), "n");
    }
}
