//! What goes on running when files can't be read as a whole.
//!
//! A mistake in one document must not take a gateway down, and it must not keep a key alive that another document no longer has. So
//! what gives access is taken as it is now, and everything else stays as it was until all can be read:
//!
//! | | |
//! | --- | --- |
//! | Secrets, ReferenceGrants that can be read | as they are now |
//! | those that are there and can't be read | as they were |
//! | those that are gone | gone, unless one of the documents that can't be read may be it |
//! | every other kind | as it was |

use std::path::Path;

use sluice_compiler::resources::{Name, Table};
use sluice_vocab::{Kind, ObjectRef};

use crate::{Loaded, Unread};

impl Loaded {
    /// What to run in place of these files, of which something can't be read, after those that ran before.
    #[must_use]
    pub fn held(&self, before: &Self) -> Self {
        let mut held = Self {
            resources: before.resources.clone(),
            places: before.places.clone(),
            ..Self::default()
        };
        let (now, was) = (&self.resources, &before.resources);
        let kept = |kind, name: &Name| self.may_still_hold(before, &object(kind, name));
        held.resources.secrets =
            access(&now.secrets, &was.secrets, |name| kept(Kind::Secret, name));
        held.resources.reference_grants =
            access(&now.reference_grants, &was.reference_grants, |name| {
                kept(Kind::ReferenceGrant, name)
            });
        for (object, place) in &self.places {
            if matches!(object.kind, Kind::Secret | Kind::ReferenceGrant) {
                held.places.insert(object.clone(), place.clone());
            }
        }
        held
    }

    /// Whether an object that was there before, and can't be read now, may be there still.
    fn may_still_hold(&self, before: &Self, object: &ObjectRef) -> bool {
        if self.resources.unreadable.contains_key(object) {
            return true;
        }
        let stood = before.places.get(object).map(|place| &*place.file);
        self.unread
            .iter()
            .any(|unread| may_be(unread, object, stood))
    }
}

/// Objects as they are now, and of those from before the ones that are kept.
fn access<T>(now: &Table<T>, was: &Table<T>, is_kept: impl Fn(&Name) -> bool) -> Table<T> {
    let kept = was
        .iter()
        .filter(|(name, _)| !now.contains_key(name) && is_kept(name));
    kept.chain(now)
        .map(|(name, object)| (name.clone(), object.clone()))
        .collect()
}

fn object(kind: Kind, name: &Name) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: name.namespace.clone(),
        name: name.name.clone(),
    }
}

/// A document may be an object whose name stands in it. Of a file that can't be opened, or a folder that can't be listed, all that is
/// known is what stood there.
fn may_be(unread: &Unread, object: &ObjectRef, stood: Option<&Path>) -> bool {
    match &unread.text {
        Some(text) => text
            .expose_str()
            .is_some_and(|text| names(text, &object.name)),
        None => stood.is_some_and(|stood| stood.starts_with(&*unread.file)),
    }
}

/// Whether a name stands in a text, and not only as a part of another.
fn names(text: &str, name: &str) -> bool {
    let is_other = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_other) && !after.starts_with(is_other)
    })
}
