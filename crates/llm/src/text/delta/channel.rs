//! Where the pieces of a text stand.

use crate::text::walk::Step;

/// A text that comes in pieces, told from others by where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Number of the choice, block or item.
    pub(crate) group: i64,
    /// What tells it from others of the group, as far as an event of its own needs it.
    pub(crate) path: Vec<Key>,
}

/// A step of a channel's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Name(String),
    /// An element with its `index` and `type`, where it has them.
    Item(usize, Option<i64>, Option<String>),
}

impl Channel {
    /// With a path of one name.
    pub(crate) fn named(group: i64, name: &str) -> Self {
        let path = vec![Key::Name(name.to_owned())];
        Self { group, path }
    }

    /// The first name of its path.
    pub(crate) fn name(&self) -> Option<&str> {
        match self.path.first() {
            Some(Key::Name(name)) => Some(name),
            _ => None,
        }
    }
}

/// The number of an element that stands in a list of choices.
pub(crate) fn group(step: &Step<'_>) -> i64 {
    match step {
        Step::Item(at, index, _) => index.unwrap_or(i64::try_from(*at).unwrap_or(0)),
        Step::Key(_) => 0,
    }
}

/// A step that is kept.
pub(crate) fn key(step: &Step<'_>) -> Key {
    match step {
        Step::Key(name) => Key::Name(name.to_string()),
        Step::Item(at, index, tag) => {
            Key::Item(if index.is_some() { 0 } else { *at }, *index, tag.clone())
        }
    }
}
