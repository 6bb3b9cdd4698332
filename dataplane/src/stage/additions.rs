//! Messages that a route adds, with what the caller says in them.

use std::borrow::Cow;

use sluice_guard::ask::Text;
use sluice_policy::enrichment::Line;
use sluice_policy::role::Role;

/// Messages that the route adds, with what the caller says in them.
pub(crate) struct Additions<'p> {
    pub(super) before: Vec<Filled<'p>>,
    pub(super) after: Vec<Filled<'p>>,
}

/// A message, and what goes into its places, in their order.
pub(super) struct Filled<'p> {
    pub(super) line: &'p Line,
    pub(super) values: Vec<FilledPlace>,
}

/// What goes into a place.
pub(super) enum FilledPlace {
    /// The gateway found it out itself, or there is none.
    Ours(Option<String>),
    /// The caller says it.
    Caller(Text),
}

impl Additions<'_> {
    /// What the caller says in them, for whoever has to look at it.
    pub(crate) fn values(&mut self) -> impl Iterator<Item = &mut Text> {
        let messages = self.before.iter_mut().chain(&mut self.after);
        messages
            .flat_map(|filled| &mut filled.values)
            .filter_map(|value| match value {
                FilledPlace::Caller(text) => Some(text),
                FilledPlace::Ours(_) => None,
            })
    }
}

/// The messages with their places filled.
pub(super) fn texts<'f>(filled: &'f [Filled<'_>]) -> Vec<(Role, Cow<'f, str>)> {
    let text = |filled: &'f Filled<'_>| {
        let mut values = filled.values.iter();
        let said = filled.line.text.fill(|_| {
            let value = values.next().and_then(|value| match value {
                FilledPlace::Ours(value) => value.as_deref(),
                FilledPlace::Caller(text) => Some(text.text.as_str()),
            });
            Ok::<_, std::convert::Infallible>(value.map(Cow::Borrowed))
        });
        let Ok(said) = said;
        (filled.line.role, said)
    };
    filled.iter().map(text).collect()
}
