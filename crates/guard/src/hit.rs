//! One match of a search.

/// Parts of one match that are masked, as offsets in the text that was searched.
pub(super) type Spans = Vec<(usize, usize)>;

/// A match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// Where it begins, its surroundings included.
    pub(super) start: usize,
    /// Where the search goes on.
    pub(super) next: usize,
}
