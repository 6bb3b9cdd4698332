//! Lines of an object's fields, without their values.

use std::collections::BTreeMap;

/// The line of a value, and of what is in it: fields by name, items by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    pub(crate) line: u32,
    pub(crate) children: BTreeMap<String, Lines>,
}

impl Lines {
    /// The line of a path such as `spec.rules[0].filters`, or of the nearest thing around it.
    pub(crate) fn of(&self, path: &str) -> u32 {
        let mut at = self;
        // Keys may hold dots themselves (labels), so the longest that is there is taken.
        let mut rest = path;
        while !rest.is_empty() {
            let Some((child, after)) = at.step(rest) else {
                break;
            };
            at = child;
            rest = after;
        }
        at.line
    }

    fn step<'a>(&self, path: &'a str) -> Option<(&Lines, &'a str)> {
        let path = path.trim_start_matches('.');
        if let Some(inner) = path.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            return Some((self.children.get(index.trim_matches('"'))?, after));
        }
        let ends = path
            .match_indices(['.', '['])
            .map(|(i, _)| i)
            .chain([path.len()]);
        let ends: Vec<usize> = ends.collect();
        ends.into_iter()
            .rev()
            .find_map(|end| Some((self.children.get(&path[..end])?, &path[end..])))
    }
}
