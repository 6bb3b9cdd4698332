//! What a translation could not carry, by the caller's own names.

use std::borrow::Cow;

/// Longest value of the header, in bytes.
const MAX_HEADER: usize = 1024;

/// Fields of a request that its provider's format has no place for, each once, in the order they were met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped(Vec<Cow<'static, str>>);

impl Dropped {
    /// Notes a field, as in `logit_bias` or `messages[].name`.
    pub fn add(&mut self, path: impl Into<Cow<'static, str>>) {
        let path = path.into();
        if !self.0.contains(&path) {
            self.0.push(path);
        }
    }

    /// Whether everything was carried.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The value of `x-sluice-dropped`: the fields with commas between, and an ellipsis where there are too many. Names that a
    /// caller made up can't leave the header.
    pub fn header(&self) -> Option<String> {
        let mut text = String::new();
        for path in self.paths() {
            if text.len() + path.len() > MAX_HEADER {
                text.push_str(if text.is_empty() { "..." } else { ",..." });
                break;
            }
            if !text.is_empty() {
                text.push(',');
            }
            text.extend(path.chars().map(|c| {
                if c.is_ascii_graphic() && c != ',' {
                    c
                } else {
                    '?'
                }
            }));
        }
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_each_field_once_and_stays_one_line() {
        let mut dropped = Dropped::default();
        assert_eq!(dropped.header(), None);
        for path in ["seed", "messages[].name", "seed", "a\r\nb,é"] {
            dropped.add(path);
        }
        assert_eq!(
            dropped.header().as_deref(),
            Some("seed,messages[].name,a??b??")
        );
        (0..500).for_each(|i| dropped.add(format!("field{i}")));
        let header = dropped.header().unwrap();
        assert!(header.len() < 1100 && header.ends_with(",..."), "{header}");
    }
}
