//! The rules of a guard, and what they find in a text.

use std::sync::Arc;

use regex_syntax::hir::Hir;

use super::builtin::{Builtin, Groups, Recogniser};
use super::fold::{self, Lane};
use super::hit::{Hit, Spans};
use super::live::Live;
use super::pattern::Pattern;
use super::{Action, Rule, What};

/// Shapes with longer matches, in bytes, are followed by themselves.
const LONG: usize = 1024;

/// Something found: where, in bytes from the beginning of all the text, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) rule: usize,
    pub(super) end: usize,
}

/// One search: a user's pattern, or one shape of a built-in recogniser.
enum Search {
    Pattern(Box<Pattern>),
    Shape(&'static Recogniser),
}

impl Search {
    fn next(&self, text: &str, groups: &Groups, at: usize, spans: &mut Spans) -> Option<Hit> {
        match self {
            Search::Pattern(pattern) => pattern.next(text, at, spans),
            Search::Shape(recogniser) => recogniser.next(text, groups, at, spans),
        }
    }

    fn wants_groups(&self) -> bool {
        matches!(self, Search::Shape(recogniser) if recogniser.wants_groups())
    }
}

/// Searches over the same view of the text: as it is, or folded.
pub(super) struct View {
    pub(super) folds: bool,
    /// Each with the index of its rule.
    searches: Vec<(usize, Search)>,
    pub(super) live: Live,
}

/// A rule's name, and what becomes of what it finds.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: Arc<str>,
    pub(super) action: Action,
    /// What stands for what was found.
    pub(super) placeholder: Arc<str>,
}

/// Rules, compiled.
pub(super) struct Rules {
    pub(super) named: Vec<Named>,
    pub(super) views: Vec<View>,
    /// The longest match of any rule, in bytes; `None` without a limit.
    pub(super) longest: Option<usize>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.named.iter().map(|rule| &rule.name))
            .finish()
    }
}

impl Builtin {
    /// Where it finds something in a whole text, in order.
    pub fn find(self, text: &str) -> Vec<std::ops::Range<usize>> {
        let rule = Rule {
            name: String::new(),
            action: Action::Mask,
            find: What::Builtin(self),
        };
        let mut found = Vec::new();
        if let Ok(rules) = Rules::new(&[rule]) {
            rules
                .views
                .iter()
                .for_each(|view| view.find(text, &mut found));
        }
        found.sort_unstable();
        let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
        for f in found {
            match ranges.last_mut().filter(|last| f.start < last.end) {
                Some(last) => last.end = last.end.max(f.end),
                None => ranges.push(f.start..f.end),
            }
        }
        ranges
    }
}

impl Rules {
    pub(super) fn new(rules: &[Rule]) -> Result<Self, String> {
        let mut named = Vec::new();
        let (mut patterns, mut shapes) = (Vec::new(), Vec::new());
        let (mut pattern_hirs, mut shape_hirs) = (Vec::new(), Vec::new());
        for (i, rule) in rules.iter().enumerate() {
            let placeholder = match &rule.find {
                What::Pattern(text) => {
                    let pattern = Pattern::new(text).map_err(|e| format!("{}: {e}", rule.name))?;
                    pattern_hirs.push(pattern.hir().clone());
                    patterns.push((i, Search::Pattern(Box::new(pattern))));
                    "[MASKED]".to_owned()
                }
                What::Builtin(builtin) => {
                    for recogniser in builtin.recognisers() {
                        shape_hirs.push(recogniser.hir());
                        shapes.push((i, Search::Shape(recogniser)));
                    }
                    format!("[{}]", builtin.as_str())
                }
            };
            let name = rule.name.as_str().into();
            named.push(Named {
                name,
                action: rule.action,
                placeholder: placeholder.into(),
            });
        }
        let mut views = Vec::new();
        if !patterns.is_empty() {
            let live = Live::new(pattern_hirs.iter())?;
            views.push(View {
                folds: false,
                searches: patterns,
                live,
            });
        }
        // Keys may be long, and what is followed together is held back for as long as the longest.
        let is_long = |hir: &&Hir| hir.properties().maximum_len().is_none_or(|len| len > LONG);
        let all = shapes.into_iter().zip(shape_hirs);
        let (long, short): (Vec<_>, Vec<_>) = all.partition(|(_, hir)| is_long(hir));
        for (searches, hirs) in
            [short, long].map(|shapes| shapes.into_iter().unzip::<_, _, Vec<_>, Vec<_>>())
        {
            if !searches.is_empty() {
                let live = Live::new(hirs.into_iter())?;
                views.push(View {
                    folds: true,
                    searches,
                    live,
                });
            }
        }
        let longest = views
            .iter()
            .map(|v| v.live.longest())
            .try_fold(0, |max, one| one.map(|one| max.max(one)));
        Ok(Self {
            named,
            views,
            longest,
        })
    }
}

impl View {
    pub(super) fn searches(&self) -> usize {
        self.searches.len()
    }

    /// Finds all that begins before `limit` in what a lane keeps, from `at` on, which has an offset for each search and is moved on.
    pub(super) fn follow(
        &self,
        lane: &Lane,
        at: &mut [usize],
        limit: Option<usize>,
        found: &mut Vec<Found>,
    ) {
        let place = |start, end| (lane.original_start(start), lane.original_end(end));
        let from = at
            .iter()
            .min()
            .map_or(0, |min| min.saturating_sub(lane.base()));
        let text = Text {
            text: lane.text(),
            base: lane.base(),
            groups: self.groups(lane.text(), from),
        };
        for (search, at) in self.searches.iter().zip(at) {
            *at = run(search, &text, *at, limit, &place, found);
        }
    }

    fn groups(&self, text: &str, from: usize) -> Groups {
        let wanted = self
            .searches
            .iter()
            .any(|(_, search)| search.wants_groups());
        if wanted && from <= text.len() {
            Groups::of(text, from)
        } else {
            Groups::default()
        }
    }

    /// Finds all in a whole text.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Found>) {
        if !self.folds || !fold::changes(text) {
            let text = Text {
                text,
                base: 0,
                groups: self.groups(text, 0),
            };
            for search in &self.searches {
                run(search, &text, 0, None, &|start, end| (start, end), found);
            }
            return;
        }
        let mut lane = Lane::default();
        lane.push(text, false);
        self.follow(&lane, &mut vec![0; self.searches.len()], None, found);
    }
}

/// A text, or what is kept of one.
struct Text<'t> {
    text: &'t str,
    /// Where it begins.
    base: usize,
    groups: Groups,
}

/// Runs one search and gives where it goes on. All offsets but those in `text` count from the beginning of the whole text.
fn run(
    (rule, search): &(usize, Search),
    text: &Text<'_>,
    mut at: usize,
    limit: Option<usize>,
    place: &dyn Fn(usize, usize) -> (usize, usize),
    found: &mut Vec<Found>,
) -> usize {
    let Text { text, base, groups } = text;
    let mut spans = Spans::new();
    while let Some(from) = at.checked_sub(*base).filter(|from| *from <= text.len()) {
        spans.clear();
        let Some(hit) = search.next(text, groups, from, &mut spans) else {
            break;
        };
        if limit.is_some_and(|limit| base + hit.start >= limit) {
            break;
        }
        for (start, end) in &spans {
            let (start, end) = place(base + start, base + end);
            found.push(Found {
                start,
                end,
                rule: *rule,
            });
        }
        at = base + hit.next;
    }
    at.max(limit.unwrap_or(0))
}
