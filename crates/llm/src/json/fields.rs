//! An object taken apart one level deep: values stay the JSON text that they came as.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A string that is borrowed from the JSON text where it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// A body is not what its format says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Invalid {
    /// The field, as in `messages[].content`.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Invalid {
    /// A field and what is wrong with it.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            reason: reason.into(),
        }
    }

    /// A field that has to be there.
    pub fn missing(path: impl Into<String>) -> Self {
        Self::new(path, "is missing")
    }
}

/// An object's fields in their order. What nobody has taken is what nobody knows.
#[derive(Debug, Default)]
pub struct Fields<'a>(Vec<Option<(Cow<'a, str>, &'a RawValue)>>);

impl<'a> Fields<'a> {
    /// Takes an object apart.
    pub fn parse(text: &'a str, path: &str) -> Result<Self, Invalid> {
        parse(text, path)
    }

    /// Takes a field out; `None` when absent or null.
    pub fn take(&mut self, name: &str) -> Result<Option<&'a RawValue>, Invalid> {
        let mut found = None;
        for slot in &mut self.0 {
            if slot.as_ref().is_some_and(|(key, _)| key == name)
                && let Some((_, value)) = slot.take()
                && found.replace(value).is_some()
            {
                return Err(Invalid::new(name, "stands twice in one object"));
            }
        }
        Ok(found.filter(|value| value.get() != "null"))
    }

    /// Takes a field out and reads it. `path` is the object's own, for errors.
    pub fn read<T: Deserialize<'a>>(
        &mut self,
        name: &str,
        path: &str,
    ) -> Result<Option<T>, Invalid> {
        match self.take(name)? {
            None => Ok(None),
            Some(raw) => serde_json::from_str(raw.get())
                .map(Some)
                .map_err(|e| wrong(&join(path, name), &e)),
        }
    }

    /// As [`Fields::read`], for a field that has to be there.
    pub fn need<T: Deserialize<'a>>(&mut self, name: &str, path: &str) -> Result<T, Invalid> {
        self.read(name, path)?
            .ok_or_else(|| Invalid::missing(join(path, name)))
    }

    /// A text field.
    pub fn text(&mut self, name: &str, path: &str) -> Result<Option<Cow<'a, str>>, Invalid> {
        Ok(self.read::<Text<'a>>(name, path)?.map(|t| t.0))
    }

    /// A text field that has to be there.
    pub fn need_text(&mut self, name: &str, path: &str) -> Result<Cow<'a, str>, Invalid> {
        Ok(self.need::<Text<'a>>(name, path)?.0)
    }

    /// What is left: names that were never taken, with values that say something.
    pub fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.0
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.get() != "null")
    }

    /// Whether a field is still there and not null.
    pub fn has(&self, name: &str) -> bool {
        self.0
            .iter()
            .flatten()
            .any(|(key, value)| key == name && value.get() != "null")
    }
}

/// Reads JSON text of a known shape.
pub fn parse<'a, T: Deserialize<'a>>(text: &'a str, path: &str) -> Result<T, Invalid> {
    serde_json::from_str(text).map_err(|e| wrong(path, &e))
}

/// `a.b`, or `b` at the top.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn wrong(path: &str, error: &serde_json::Error) -> Invalid {
    // The position is one within the field, which would mislead.
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    Invalid::new(if path.is_empty() { "the body" } else { path }, reason)
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(Text(key)) = map.next_key()? {
                    fields.push(Some((key, map.next_value::<&RawValue>()?)));
                }
                Ok(Fields(fields))
            }
        }
        d.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_left() {
        let mut fields = Fields::parse(r#"{"a":"x","b":null,"c":{"d":1}}"#, "").unwrap();
        assert_eq!(fields.text("a", "").unwrap().as_deref(), Some("x"));
        assert_eq!(fields.text("b", "").unwrap(), None);
        let rest: Vec<_> = fields
            .rest()
            .map(|(k, v)| (k.into_owned(), v.get().to_owned()))
            .collect();
        assert_eq!(rest, [("c".to_owned(), "{\"d\":1}".to_owned())]);
    }

    #[test]
    fn twice_and_wrong_types_are_told_with_their_path() {
        let mut fields = Fields::parse(r#"{"a":1,"a":2,"b":3}"#, "").unwrap();
        assert!(fields.take("a").is_err());
        let error = fields.text("b", "x[]").unwrap_err();
        assert_eq!(error.path, "x[].b");
        assert!(error.reason.contains("expected a string"), "{error}");
        assert_eq!(Fields::parse("[]", "").unwrap_err().path, "the body");
    }
}
