//! What was made of something, for as long as that stays the same.

use std::collections::BTreeMap;

/// Things made, each with what it was made of.
#[derive(Debug)]
pub(crate) struct Memo<K, I, T> {
    made: BTreeMap<K, (I, T)>,
    count: usize,
}

impl<K, I, T> Default for Memo<K, I, T> {
    fn default() -> Self {
        Self {
            made: BTreeMap::new(),
            count: 0,
        }
    }
}

impl<K: Ord + Clone, I: PartialEq, T: Clone> Memo<K, I, T> {
    /// What is made of `input`: made now, unless it was already.
    pub(crate) fn get(&mut self, key: &K, input: I, make: impl FnOnce(&I) -> T) -> T {
        if let Some((old, made)) = self.made.get(key)
            && *old == input
        {
            return made.clone();
        }
        let made = make(&input);
        self.count += 1;
        self.made.insert(key.clone(), (input, made.clone()));
        made
    }

    /// Forgets one.
    pub(crate) fn forget(&mut self, key: &K) {
        self.made.remove(key);
    }

    /// Forgets all but those.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&K) -> bool) {
        self.made.retain(|key, _| is_kept(key));
    }

    /// How often something was made, ever.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_again_only_from_something_else() {
        let mut memo = Memo::default();
        for (input, count) in [(1, 1), (1, 1), (2, 2), (1, 3)] {
            assert_eq!(memo.get(&"a", input, |i| i * 10), input * 10);
            assert_eq!(memo.count(), count);
        }
        memo.forget(&"a");
        memo.get(&"a", 1, |i| i * 10);
        assert_eq!(memo.count(), 4);
    }
}
